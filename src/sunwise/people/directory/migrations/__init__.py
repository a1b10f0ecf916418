"""Revisions of the directory's tables, oldest first; `sunwise.chassis.db.migrate` runs them."""
