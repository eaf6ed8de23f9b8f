"""The schema of a database, brought forward by files of SQL that each run once, in order (yoyo-migrations).

What was applied is written in the database itself, so a copy or a restored dump knows where it stands. Nothing is
ever taken back: a resource that is removed leaves its tables, which go with their database.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from pydantic import AfterValidator

from provider.connections import as_owner, postgres
from provider.migration_files import FOLDER
from provider.resource_type import Config, Props, ProviderError, ResourceType
from settings.parts import Setting, matching

__all__ = ["MIGRATIONS", "MigrationsInputs"]

_DATABASE = matching("[a-z][a-z0-9_]{1,62}", "not a database's name", "as in t_acme")
_SET = matching("[a-z][a-z0-9-]{1,30}", "not a set of migrations", "as in knowledge")


class MigrationsInputs(Setting):
    """Which files, in which database, as which role: everything that they make is that role's."""

    database: Annotated[str, AfterValidator(_DATABASE)]
    role: Annotated[str, AfterValidator(_DATABASE)]
    set: Annotated[str, AfterValidator(_SET)]
    version: str
    """The last file's name: a newer one is a change."""


class _Migrations:
    def create(self, config: Config, wanted: MigrationsInputs) -> tuple[str, Props]:
        self._apply(config, wanted)
        return f"{wanted.database}/{wanted.set}", {}

    def read(self, config: Config, identity: str, known: MigrationsInputs) -> Props | None:
        try:
            with _backend(config, known) as (backend, files):
                applied = [one.id for one in backend.to_rollback(files)]
        except ProviderError:
            if (left := _left(config, known)) is None:
                raise
            return left or None
        return {"version": max(applied)} if applied else None

    def update(self, config: Config, identity: str, old: MigrationsInputs, wanted: MigrationsInputs) -> Props:
        if wanted.version < old.version:
            raise ProviderError(
                f"the schema is at {old.version}, this program knows only {wanted.version}: it would meet tables "
                "that it does not know. Fix: the newer version of this program"
            )
        self._apply(config, wanted)
        return {}

    def delete(self, config: Config, identity: str, known: MigrationsInputs) -> None:
        """The tables go with their database."""

    def _apply(self, config: Config, wanted: MigrationsInputs) -> None:
        with _backend(config, wanted) as (backend, files), backend.lock():
            backend.apply_migrations(backend.to_apply(files))


def _left(config: Config, known: MigrationsInputs) -> Props | None:
    """Where nobody could look: nothing, when the database or its owner is gone; what is known, when somebody gave the
    owner powers in whose name the provisioner may do nothing (the role itself is told then); else None.
    """
    with postgres(config, "postgres") as connection:
        query = "SELECT rolsuper, EXISTS (SELECT FROM pg_database WHERE datname = %s) FROM pg_roles WHERE rolname = %s"
        row = connection.execute(query, (known.database, known.role)).fetchone()
    if row is None or not row[1]:
        return {}
    return {"version": known.version} if row[0] else None


@contextlib.contextmanager
def _backend(config: Config, wanted: MigrationsInputs) -> Iterator[tuple[Any, Any]]:
    import psycopg
    import yoyo

    folder = FOLDER / wanted.set
    if not folder.is_dir():
        raise ProviderError(f"there is no set of migrations {wanted.set}")
    with as_owner(config, wanted.database, wanted.role) as parameters:
        login = f"{quote(parameters['user'], safe='')}:{quote(parameters['password'], safe='')}"
        address = f"{parameters['host']}:{parameters['port']}/{parameters['dbname']}"
        own = {"user", "password", "host", "port", "dbname"}
        more = urlencode({key: one for key, one in parameters.items() if key not in own}, quote_via=quote)
        try:
            backend = yoyo.get_backend(f"postgresql+psycopg://{login}@{address}?{more}")
        except psycopg.Error as error:
            raise ProviderError(f"{wanted.database}: {str(error).splitlines()[0]}") from None
        try:
            yield backend, yoyo.read_migrations(str(folder))
        except psycopg.Error as error:
            raise ProviderError(f"{wanted.database}, migrations {wanted.set}: {str(error).splitlines()[0]}") from None
        finally:
            backend.connection.close()


MIGRATIONS = ResourceType(
    token="smarteros-apps:postgres:Migrations",
    inputs=MigrationsInputs,
    handler=_Migrations(),
    replaces=frozenset({"database", "role", "set"}),
)
