"""Calls, whatever transport they came by: the registry, parameters, who may call, and how often."""
