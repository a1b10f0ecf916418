"""Messages of the people plane."""
