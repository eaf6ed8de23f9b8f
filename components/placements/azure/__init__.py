"""Azure as a placement: Container Apps, Flexible Server for PostgreSQL, and blob storage."""

from __future__ import annotations

from components.placements.azure.platform import AzurePlatform, AzurePlatformArgs

__all__ = ["AzurePlatform", "AzurePlatformArgs"]
