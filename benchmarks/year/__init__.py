"""A simulated year of the people plane; `run` says what it is, and prints it."""
