"""The REST port's side: from raw requests to calls, and the pages that describe them."""
