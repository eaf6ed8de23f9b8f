"""The command provider's resource types."""
