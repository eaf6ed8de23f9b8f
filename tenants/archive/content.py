"""What an archive says of what is in it, so that an import can be compared. How it is counted, the steps know."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from settings.parts import Setting

__all__ = ["Content"]


class Content(Setting):
    """What is in the tenant, counted so that an import can be compared: independent of names, passwords and formats."""

    tables: Mapping[str, str] = Field(
        description="Table → SHA-256 over its rows in order; and of all sequences, and all large objects"
    )
    rows: Mapping[str, int] = Field(description="Table → how many rows")
    n8n: str = Field("", description="SHA-256 over the tables of a silo's n8n; empty without one")
    redis_keys: int
    redis: str = Field(description="SHA-256 over names (without the prefix) and values of the keys that live for ever")
    secrets: str = Field(description="SHA-256 over paths and values of the secrets that applications put into Vault")
    steps: Mapping[str, str] = Field(
        default_factory=dict,
        exclude_if=lambda found: not found,
        description="Step → SHA-256, of those that have no field of their own",
    )
