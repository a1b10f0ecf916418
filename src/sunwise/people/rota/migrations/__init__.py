"""Revisions of the tables of the rota, oldest first; `sunwise.chassis.db.migrate` runs them."""
