"""How many events a second the read models take in, and what they keep in memory."""
