"""The small platform of the tests of recovery: its servers once, its databases and its bucket anew for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.postgresql.server.clusters import Cluster
from tests.provider.servers import postgres_server
from tests.recovery.restored.worlds import CHATWOOT, TENANT, World, store


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, str, Path]]:
    """PostgreSQL and the buckets."""
    folder = tmp_path_factory.mktemp("recovery")
    with postgres_server(folder / "postgres") as cluster, store(folder) as endpoint:
        yield cluster, endpoint, folder


@pytest.fixture
def world(servers: tuple[Cluster, str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Two tenants and a Chatwoot, nothing backed up yet."""
    cluster, endpoint, _ = servers
    monkeypatch.setenv("SMOS_SANDBOX", str(tmp_path / "sandbox"))
    found = World(cluster, endpoint, tmp_path)
    monkeypatch.setattr("recovery.backup.reached", found.reached)
    monkeypatch.setattr("recovery.restore.reached", found.reached)
    monkeypatch.setattr("recovery.sources.databases.servers_of", lambda _: [found.server])
    monkeypatch.setattr("recovery.sources.MODULES", ("recovery.sources.databases",))
    found.make("t_acme", TENANT)
    found.make("t_beta", TENANT)
    found.make("chatwoot", CHATWOOT)
    yield found
    for name in found.databases() - {"postgres"}:
        found.asked("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')
    for name in ("t_acme", "t_beta", "chatwoot"):
        found.asked("postgres", f'DROP ROLE "{name}"')
