"""The server that tests of its log share, a module at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from recovery.wal.base import base_backup
from tests.recovery.wal.streamed import Streamed, streamed
from tests.recovery.wal.writing import come_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Streamed]:
    """A server with rows of two tenants, copied whole."""
    with streamed(tmp_path_factory.mktemp("wal")) as made:
        with made.connect() as connection:
            connection.execute("CREATE DATABASE t_acme")
            connection.execute("CREATE DATABASE t_sur")
        for database in ("t_acme", "t_sur"):
            with made.connect(database) as connection:
                connection.execute("CREATE TABLE rows (id int PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())")
        with made.received():
            come_until(made, datetime.now(UTC))
            base_backup(made.archive, made.source, made.said.append)
        yield made
