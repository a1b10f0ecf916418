"""Revisions of market data's tables, oldest first; `sunwise.chassis.db.migrate` runs them."""
