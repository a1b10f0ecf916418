"""The pager without its input and output: facts, what they add up to, and what is to be done next.

Nothing here reads a clock, a disk or a socket. Time comes in as a `Moment`.
"""
