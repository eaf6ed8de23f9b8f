"""The types of the command provider."""
