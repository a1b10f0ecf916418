"""The log and the engine service: what a message costs, how fast a log is replayed."""
