"""Revisions of the tables of privacy, oldest first; `sunwise.chassis.db.migrate` runs them."""
