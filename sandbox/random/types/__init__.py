"""The random provider's resource types."""
