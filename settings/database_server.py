"""A PostgreSQL server, as the settings name it: where it is and which extensions its databases may have.

Services name the one in which their database is; which of them reach it, its place says.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.parts import Name, Setting
from settings.places import Accepts, DatabasePlace
from settings.services.upgrades import Majors, UpgradeRules

__all__ = ["UPGRADES", "DatabaseServer"]

UPGRADES = UpgradeRules(
    tags=r"(?P<v2>\d+)\.(?P<v3>\d+)\.(?P<v4>\d+)-pg(?P<v1>\d+)",
    example="0.8.6-pg17",
    restored_running=True,
    majors=Majors(
        at_most=0,
        why="the data folder of one major can't be opened by another: it takes pg_upgrade, or a dump and a restore",
        way="a second server in smarteros:databaseServers with the new major; ./smos backup all; the services' "
        "`database` to the "
        "new one; ./smos restore into it",
        source="https://www.postgresql.org/docs/current/upgrading.html",
    ),
    one_way="pgvector's new objects are made by ALTER EXTENSION alone, which this does not run",
    one_way_source="pgvector/pgvector README.md (Upgrading)",
)
"""Of the image that a host's server runs. A managed one's version is its cloud's to change."""


class DatabaseServer(Setting):
    """A PostgreSQL server. Each gets one local port of the tunnel, in the order of the list."""

    name: Name = Field(description="What services call it, and the name of its forward")
    placement: Annotated[DatabasePlace, Accepts(DatabasePlace)] = Field(description="Where it runs")
    extensions: tuple[str, ...] = Field(
        ("VECTOR", "PG_TRGM", "PGCRYPTO", "UNACCENT", "UUID-OSSP"),
        description="Which extensions databases of it may create",
    )
