"""What they do to the real databases."""
