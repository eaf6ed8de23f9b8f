"""Container Apps: the environment, its network, its storage, its certificates."""
