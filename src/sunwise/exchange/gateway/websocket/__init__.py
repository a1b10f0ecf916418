"""The WebSocket port: market streams, the WebSocket API and old user streams."""
