"""What the simulated PostgreSQL provider does, asked of its tables as the provider asks them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any, LiteralString

import psycopg

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud, Computing, Record
from sandbox.postgresql.package import PACKAGE
from sandbox.postgresql.server.clusters import ADDRESS, Cluster

PASSWORD = "an administrator's \\ password"
SECRET = "tenant's secret"


class NoCloud(Cloud):
    """PostgreSQL's types need no inventory: the server is the truth."""

    def get(self, identity: str) -> Record | None:
        return None

    def find(self, token: str) -> list[Record]:
        return []

    def put(self, record: Record) -> None:
        raise AssertionError("nothing is kept beside the server")


def as_configured(server: Cluster, **more: str) -> dict[str, Any]:
    """As the engine sends it: texts."""
    return {
        "host": ADDRESS,
        "port": str(server.port),
        "username": "smarter",
        "password": PASSWORD,
        "sslmode": "disable",
        "superuser": "false",
        **more,
    }


def kind(name: str) -> ResourceType:
    return next(one for one in PACKAGE.types if one.token.endswith(":" + name))


def computing(name: str, inputs: Mapping[str, Any], config: Mapping[str, Any]) -> Computing:
    return Computing(id="", name="", inputs={**kind(name).defaults, **inputs}, config=config, cloud=NoCloud())


def create(name: str, inputs: Mapping[str, Any], config: Mapping[str, Any]) -> Mapping[str, Any]:
    act = kind(name).on_create
    assert act is not None
    return act(computing(name, inputs, config)) or {}


def delete(name: str, inputs: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    act = kind(name).on_delete
    assert act is not None
    act(computing(name, inputs, config))


def read(name: str, inputs: Mapping[str, Any], config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    act = kind(name).on_read
    assert act is not None
    return act(computing(name, inputs, config))


def update(name: str, old: Mapping[str, Any], new: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    act = kind(name).on_update
    assert act is not None
    act(computing(name, new, config), {**kind(name).defaults, **old})


def login(
    config: Mapping[str, Any], database: str = "postgres", user: str = "smarter", password: str = PASSWORD
) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(
        host=ADDRESS, port=config["port"], dbname=database, user=user, password=password, autocommit=True
    )


def ask(
    config: Mapping[str, Any],
    query: LiteralString,
    database: str = "postgres",
    user: str = "smarter",
    password: str = PASSWORD,
) -> Any:
    with closing(login(config, database, user, password)) as connection:
        found = connection.execute(query).fetchone()
        return found[0] if found else None
