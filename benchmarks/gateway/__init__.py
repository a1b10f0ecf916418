"""How many durable orders a second, and how long each takes, from the client's side."""
