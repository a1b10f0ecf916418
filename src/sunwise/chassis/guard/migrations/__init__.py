"""Revisions of the guard's tables, oldest first; `sunwise.chassis.db.migrate` runs them."""
