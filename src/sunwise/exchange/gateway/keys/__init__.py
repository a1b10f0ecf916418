"""API keys: what they may do, and how what is signed by them is checked."""
