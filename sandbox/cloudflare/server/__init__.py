"""What of Cloudflare answers without Pulumi: its API, and its edge with the origins behind it."""
