"""Docker's resource types."""
