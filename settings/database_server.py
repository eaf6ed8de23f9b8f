"""A PostgreSQL server, as the settings name it: where it is and which extensions its databases may have.

Services name the one in which their database is; which of them reach it, its place says.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.parts import Name, Setting
from settings.places import Accepts, DatabasePlace

__all__ = ["DatabaseServer"]


class DatabaseServer(Setting):
    """A PostgreSQL server. Each gets one local port of the tunnel, in the order of the list."""

    name: Name = Field(description="What services call it, and the name of its forward")
    placement: Annotated[DatabasePlace, Accepts(DatabasePlace)] = Field(description="Where it runs")
    extensions: tuple[str, ...] = Field(
        ("VECTOR", "PG_TRGM", "PGCRYPTO", "UNACCENT", "UUID-OSSP"),
        description="Which extensions databases of it may create",
    )
