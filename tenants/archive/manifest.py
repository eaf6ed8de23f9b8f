"""What an archive says of itself: whose, when, from where, what is in it with checksums, and what is not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, ValidationError

from kept.operator_error import OperatorError
from settings.parts import Setting

__all__ = ["LOSSY", "ArchiveBroken", "Content", "Manifest", "Part", "digest", "read_manifest"]

LOSSY = (
    "blobs: the files of the blob container are not in here; they stay where they are until the tenant is deleted",
    "signatures: the transit key never leaves Vault; an import has a new one, and old signatures fail",
    "passwords: the database's and Redis' are made anew; applications read them from the tenant's mount in Vault",
    "vault: of each secret the newest version, not the earlier ones",
    "applications: objects inside Chatwoot, n8n, Botpress, Odoo and Metabase are not in here",
)

DATABASE, N8N, REDIS, VAULT, TENANT = "database.sql", "n8n.sql", "redis.jsonl", "vault.json", "tenant.yaml"
NEEDED, KNOWN = frozenset({DATABASE, TENANT}), frozenset({DATABASE, N8N, REDIS, VAULT, TENANT})
_MEND = "Mend: another copy of the archive; it was written otherwise"


class ArchiveBroken(OperatorError):
    """An archive can't be used; the text says which part and why. Nothing was changed."""

    exit_code = 2


class Part(Setting):
    """One file of the archive."""

    sha256: str
    size: int = Field(ge=0, description="In bytes")


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


class Manifest(Setting):
    """The first file of the archive."""

    format: Literal[1] = 1
    slug: str
    rut: str
    name: str
    environment: str
    made: str = Field(description="When, in UTC, as in 2026-01-31T12:00:00Z")
    server_version: int = Field(description="Of PostgreSQL, as in 180004")
    schema_version: str
    parts: Mapping[str, Part]
    content: Content
    lossy: tuple[str, ...] = LOSSY


def digest(content: bytes) -> str:
    """The checksum of a part."""
    return hashlib.sha256(content).hexdigest()


def read_manifest(content: bytes, parts: Mapping[str, bytes]) -> Manifest:
    """The manifest, when every part is what it says. Raises ArchiveBroken."""
    known = Manifest.model_fields["format"].default
    if _format(content) != known:
        why = f"manifest.json: format: {_format(content)} is not known here: this version reads format {known}"
        raise ArchiveBroken(f"{why}. Mend: the version of SmarterOS that wrote it, or a newer one")
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(map(str, first["loc"]))[:200]
        raise ArchiveBroken(f"manifest.json: {where}: {first['msg'][:200]}. {_MEND}") from None
    if not NEEDED <= set(manifest.parts) <= KNOWN:
        raise ArchiveBroken(
            f"manifest.json: parts: {', '.join(sorted(manifest.parts))[:200]} are told; an archive has "
            f"{', '.join(sorted(NEEDED))}, may have {', '.join(sorted(KNOWN - NEEDED))}, and no other. {_MEND}"
        )
    if set(parts) != set(manifest.parts):
        raise ArchiveBroken(
            f"it should hold {', '.join(sorted(manifest.parts))}; it holds {', '.join(sorted(parts))}. {_MEND}"
        )
    for name, wanted in manifest.parts.items():
        if digest(parts[name]) != wanted.sha256 or len(parts[name]) != wanted.size:
            raise ArchiveBroken(
                f"{name}: its checksum is {digest(parts[name])[:12]}…, not {wanted.sha256[:12]}…. {_MEND}"
            )
    return manifest


def _format(content: bytes) -> object:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return told.get("format") if isinstance(told, dict) else None
