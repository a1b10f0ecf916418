"""The chassis: what every service bolts on, and nothing of any service.

Owns: the bus, clocks, settings, SQL sessions, checkpoints, telemetry and the process lifecycle.
Knows: no service, no contract's content; it moves bytes and keeps promises about them.
"""
