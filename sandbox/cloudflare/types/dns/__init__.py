"""DNS records: what they may hold, type by type."""
