"""Over which of Pulumi's projects the tenants' stacks are spread: by a number that follows from the slug.

A backend of files or a bucket lists a project's whole folder at every write of a state, so a stack among a thousand is
slower than one among sixteen (docs/performance.md has the figures). The number of projects never changes: another one
would make every tenant's stack one that can't be found.
"""

from __future__ import annotations

import hashlib

__all__ = ["FIRST_PROJECT", "SHARDS", "is_tenants", "project_of"]

SHARDS = 64
FIRST_PROJECT = "smarteros-tenants"
"""Where all stacks were before they were spread. One that is there stays there; docs/tenants.md says how it moves."""


def project_of(slug: str) -> str:
    """The project of a new tenant's stack."""
    number = int.from_bytes(hashlib.sha256(slug.encode()).digest()[:8]) % SHARDS
    return f"{FIRST_PROJECT}-{number:02d}"


def is_tenants(project: str) -> bool:
    """Whether a project is one of those with tenants' stacks."""
    rest = project.removeprefix(FIRST_PROJECT)
    return project.startswith(FIRST_PROJECT) and (not rest or (rest[0] == "-" and rest[1:].isdigit()))
