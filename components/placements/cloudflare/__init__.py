"""Cloudflare as a placement: buckets of R2, and nothing that runs."""

from __future__ import annotations

from components.placements.cloudflare.storage import ObjectStorage

__all__ = ["ObjectStorage"]
