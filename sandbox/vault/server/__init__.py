"""A Vault over HTTP, and what stands behind each simulated container that runs one."""
