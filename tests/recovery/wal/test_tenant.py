"""A bad DELETE at a known second is undone to the second before it, for one tenant, while the others go on writing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from recovery.marker import Marker
from recovery.sources.databases import Database
from recovery.sources.logins import Server
from recovery.sources.source import Context
from recovery.wal.archive import WalError
from recovery.wal.base import base_backup
from recovery.wal.tenant import tenant_at
from tests.recovery.wal.streamed import ADMIN, Streamed, streamed
from tests.recovery.wal.writing import Writer, come_until

pytestmark = pytest.mark.slow
ROWS = 200_000
"""Of about 500 bytes: 100 MB."""


def context(server: Streamed) -> Context:
    """What a database's source asks for of it: nothing of a place, of settings or of a keyring."""
    nothing = cast(Any, None)
    return Context(place=nothing, settings=nothing, keyring=nothing, marker=Marker.now(), say=server.said.append)


def database(server: Streamed, slug: str) -> Database:
    """A tenant's, as the sources find it."""
    there = Server(
        name="vps",
        port=server.cluster.port,
        admin="postgres",
        password=ADMIN,
        sslmode="disable",
        managed=False,
        domain="host:vps",
    )
    return Database(server=there, database=f"t_{slug}", owner=f"t_{slug}", service="tenants", tenant=slug, size=10**8)


def made(server: Streamed, slug: str) -> None:
    """A tenant's database with its owner, who owns its tables."""
    with server.connect() as connection:
        connection.execute(f"CREATE ROLE t_{slug} LOGIN PASSWORD 'x'")
        connection.execute(f"CREATE DATABASE t_{slug} OWNER t_{slug} TEMPLATE template0")
    with server.connect(f"t_{slug}") as connection:
        connection.execute(f"SET ROLE t_{slug}")
        connection.execute("CREATE SCHEMA app")
        connection.execute("CREATE TABLE app.rows (id int PRIMARY KEY, body text)")


def test_a_bad_delete_is_undone_for_one_tenant_while_the_others_go_on_writing(tmp_path: Path) -> None:
    """Of the one, every row of that second and no later one; of the others, every row that was acknowledged, by a
    session that was not ended. The old one stays aside, with what was done to it.
    """
    with streamed(tmp_path) as server:
        for slug in ("acme", "sur"):
            made(server, slug)
        with server.connect("t_acme") as connection:
            connection.execute(
                "INSERT INTO app.rows SELECT n, repeat(md5(n::text), 14) FROM generate_series(1, %s) n", (ROWS,)
            )
        with server.received():
            come_until(server, datetime.now(UTC))
            copied = base_backup(server.archive, server.source, server.said.append)
            other = Writer(server, "t_sur")
            other.start()
            with server.connect("t_acme") as connection:
                connection.execute(
                    "INSERT INTO app.rows SELECT n, 'later' FROM generate_series(%s, %s) n", (ROWS + 1, ROWS + 500)
                )
                time.sleep(2)
                row = connection.execute("DELETE FROM app.rows WHERE id % 2 = 0 RETURNING clock_timestamp()").fetchone()
                connection.execute("INSERT INTO app.rows VALUES (0, 'after the fault')")
            assert row is not None
            moment = row[0].astimezone(UTC) - timedelta(seconds=1)
            come_until(server, datetime.now(UTC))
            begun = time.monotonic()
            (back,) = tenant_at(
                context(server), server.archive, [database(server, "acme")], moment, tmp_path / "scratch"
            )
            seconds = time.monotonic() - begun
            other.stop.set()
            other.join()
            with server.connect("t_acme") as connection:
                found = connection.execute("SELECT count(*), min(id), max(id) FROM app.rows").fetchone()
            with server.connect() as connection:  # it is closed to everybody
                connection.execute(f"ALTER DATABASE {back.old} ALLOW_CONNECTIONS true")
            with server.connect(back.old) as connection:
                aside = connection.execute("SELECT count(*) FROM app.rows WHERE body = 'after the fault'").fetchone()
            with server.connect("t_sur") as connection:
                others = {number for (number,) in connection.execute("SELECT id FROM app.rows")}
            with pytest.raises(WalError, match="t_nobody was not there"):
                tenant_at(context(server), server.archive, [database(server, "nobody")], moment, tmp_path / "scratch")
    assert found == (ROWS + 500, 1, ROWS + 500)
    assert aside == (1,)
    assert other.failed is None
    assert len(other.acknowledged) > 100
    assert {number for number, _ in other.acknowledged} <= others
    assert seconds < back.cluster_s + 30
    print(
        f"copy: {copied.copy.bytes / 1e6:.0f} MB in {copied.seconds:.1f} s; cluster back in {back.cluster_s:.1f} s, "
        f"the tenant {back.database_s:.1f} s later, {seconds:.1f} s in all; {len(other.acknowledged)} rows of the other"
    )
