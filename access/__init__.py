"""Access: what is mounted in Vault, and who may log in to it. A project of its own, after the platform."""
