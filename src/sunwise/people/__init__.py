"""The people plane: who owns what, who is on duty, who is paged, what is handed over."""
