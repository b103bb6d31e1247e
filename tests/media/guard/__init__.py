"""What strangers and bad peers send."""
