"""Migrations that fail, as the sandbox is told of them."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.core.backend import Backend, Command, Site
from sandbox.core.records import Record
from sandbox.migrations.server.migrations import FailingMigrations

__all__ = ["BACKEND"]


class MigrationsBackend(Backend):
    """Of one sandbox."""

    def __init__(self, site: Site) -> None:
        self._migrations = FailingMigrations(site)

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        self._migrations.happened(what, record)

    def commands(self) -> Mapping[str, Command]:
        return {"migration-fails": self._migrations.plan}


BACKEND = MigrationsBackend
