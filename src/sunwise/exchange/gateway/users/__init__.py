"""User data: an account's events on their way to whoever listens, by subscription or listen key."""
