"""Revisions of the tables of handoff, oldest first; `sunwise.chassis.db.migrate` runs them."""
