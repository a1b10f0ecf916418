"""What the bus costs on this machine: start, appends, reading, following, requests."""
