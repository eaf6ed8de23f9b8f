"""What an archive says of itself: whose, when, from where, what is in it with checksums, and what is not.

Which files it has is the steps' to say (`ArchivedPart`); the tenant's own file is of none. The fields of `content` are
those of format 1: a step that came later has its checksum in `steps`, so that older archives open as ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, ValidationError

from kept.operator_error import OperatorError
from settings.parts import Setting
from tenants.archive.content import Content
from tenants.steps import archived_parts, steps

__all__ = ["TENANT", "ArchiveBroken", "Manifest", "Part", "digest", "lossy", "read_manifest"]

TENANT = "tenant.yaml"
OF_NO_STEP = ("applications: objects inside Chatwoot, n8n, Botpress, Odoo and Metabase are not in here",)
_MEND = "Fix: another copy of the archive; it was written otherwise"


class ArchiveBroken(OperatorError):
    """An archive can't be used; the text says which part and why. Nothing was changed."""

    exit_code = 2


class Part(Setting):
    """One file of the archive."""

    sha256: str
    size: int = Field(ge=0, description="In bytes")


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
    lossy: tuple[str, ...] = Field(default_factory=lambda: lossy())


def lossy() -> tuple[str, ...]:
    """What is not in an archive that is written now, or not exactly."""
    return (*(line for step in steps() for line in step.lossy), *OF_NO_STEP)


def digest(content: bytes) -> str:
    """The checksum of a part."""
    return hashlib.sha256(content).hexdigest()


def read_manifest(content: bytes, parts: Mapping[str, bytes]) -> Manifest:
    """The manifest, when every part is what it says. Raises ArchiveBroken."""
    known = Manifest.model_fields["format"].default
    if _format(content) != known:
        why = f"manifest.json: format: {_format(content)} is not known here: this version reads format {known}"
        raise ArchiveBroken(f"{why}. Fix: the version of SmarterOS that wrote it, or a newer one")
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(map(str, first["loc"]))[:200]
        raise ArchiveBroken(f"manifest.json: {where}: {first['msg'][:200]}. {_MEND}") from None
    needed = {TENANT, *(part.file for _, part in archived_parts() if part.is_needed)}
    known = {TENANT, *(part.file for _, part in archived_parts())}
    if not needed <= set(manifest.parts) <= known:
        raise ArchiveBroken(
            f"manifest.json: parts: {', '.join(sorted(manifest.parts))[:200]} are told; an archive has "
            f"{', '.join(sorted(needed))}, may have {', '.join(sorted(known - needed))}, and no other. {_MEND}"
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
        content_ = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return content_.get("format") if isinstance(content_, dict) else None
