"""The tls provider: real keys and certificates."""
