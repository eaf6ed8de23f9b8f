"""The tls provider's resource types."""
