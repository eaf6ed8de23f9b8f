"""Cloudflare's resource types."""
