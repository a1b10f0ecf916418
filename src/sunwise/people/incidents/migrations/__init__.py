"""Revisions of the tables of incidents, oldest first; `sunwise.chassis.db.migrate` runs them."""
