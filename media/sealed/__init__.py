"""Files that cannot be read without their key."""
