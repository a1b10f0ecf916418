"""Revisions of the pager's tables, oldest first; `sunwise.chassis.db.migrate` runs them."""
