"""WebSocket connections as such: frames in and out, limits, pings; nothing of what they carry."""
