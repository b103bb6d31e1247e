"""What strangers and bad peers send, by the million, beside calls that must not notice."""
