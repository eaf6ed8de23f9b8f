"""What of the applications themselves can be played: migrations that fail."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.apps.server.migrations import FailingMigrations
from sandbox.core.backend import Backend, Command, Site
from sandbox.core.records import Record

__all__ = ["BACKEND"]


class AppsBackend(Backend):
    """Of one sandbox."""

    def __init__(self, site: Site) -> None:
        self._migrations = FailingMigrations(site)

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        self._migrations.happened(what, record)

    def commands(self) -> Mapping[str, Command]:
        return {"migration-fails": self._migrations.plan}


BACKEND = AppsBackend
