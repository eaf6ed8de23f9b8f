"""The PostgreSQL provider's resource types."""
