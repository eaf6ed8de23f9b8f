"""Cloudflare, simulated: its types, its API and its edge."""
