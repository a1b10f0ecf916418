"""Revisions of the history's tables, oldest first; `sunwise.chassis.db.migrate` runs them."""
