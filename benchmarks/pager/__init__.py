"""How long an alert takes to be accepted, and its page to arrive."""
