"""Real peers through a real relay process."""
