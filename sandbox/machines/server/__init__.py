"""Their SSH servers and keys."""
