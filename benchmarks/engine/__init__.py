"""The engine measured: against the same algorithm in C++ and against PyPI's matching engines."""
