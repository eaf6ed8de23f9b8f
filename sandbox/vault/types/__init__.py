"""The Vault provider's resource types."""
