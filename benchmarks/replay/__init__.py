"""Recorded market flow through a whole exchange."""
