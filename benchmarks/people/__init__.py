"""What the people plane costs: `python -m benchmarks.people.NAME`."""
