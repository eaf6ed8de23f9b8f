"""PostgreSQL's own programs, which have no TLS here, reach a server that takes nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kept.postgres_programs import program
from provider.tls_relay import relayed
from sandbox.azure.server.postgres_tls import TlsFront, server_context
from sandbox.postgresql.server.clusters import ADDRESS, Cluster
from tests.sandbox.azure.server.test_postgres_tls import certificate, fronted


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """The port of one, with the login smarter."""
    cluster = Cluster(tmp_path / "server")
    cluster.create("smarter", "secret", superuser=False)
    try:
        with fronted(
            TlsFront(context=server_context(*certificate(tmp_path)), upstream=(ADDRESS, cluster.port))
        ) as port:
            yield port
    finally:
        cluster.destroy()


def asked(host: str, port: int, sslmode: str) -> subprocess.CompletedProcess[str]:
    environ = {"PGHOST": host, "PGPORT": str(port), "PGUSER": "smarter", "PGPASSWORD": "secret", "PGSSLMODE": sslmode}
    query = "SELECT count(*) FROM generate_series(1, 200000), pg_sleep(0)"
    command = [program("psql"), "--no-psqlrc", "--tuples-only", "--no-align", "--command", query, "postgres"]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)


def test_the_relay_speaks_tls_for_them(server: int) -> None:
    """By themselves they can't; through it they can, and a block after another."""
    assert asked(ADDRESS, server, "require").returncode != 0
    assert "no encryption" in asked(ADDRESS, server, "disable").stderr
    for _ in range(2):
        with relayed(server) as folder:
            assert asked(folder, server, "disable").stdout.strip() == "200000"
        assert not Path(folder).exists()


def test_much_goes_both_ways_at_once(server: int) -> None:
    """What is written comes back, and nothing of it is held up: errors and notices are said in between."""
    content = b"".join(b"%d\t%s\n" % (number, b"x" * 200) for number in range(60_000))
    lines = "CREATE TEMP TABLE t (n int, words text);\nCOPY t FROM STDIN;\n"
    script = lines.encode() + content + b"\\.\nCOPY (SELECT * FROM t ORDER BY n) TO STDOUT;\n"
    with relayed(server) as folder:
        environ = {"PGHOST": folder, "PGPORT": str(server), "PGUSER": "smarter", "PGPASSWORD": "secret"}
        done = subprocess.run(
            [program("psql"), "--no-psqlrc", "--quiet", "postgres"],
            input=script,
            env={**environ, "PGSSLMODE": "disable"},
            capture_output=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr[:500]
    assert done.stdout == content


def test_a_server_without_tls_is_not_spoken_to(tmp_path: Path) -> None:
    """No password reaches it."""
    cluster = Cluster(tmp_path / "plain")
    cluster.create("smarter", "secret", superuser=False)
    try:
        with relayed(cluster.port) as folder:
            assert asked(folder, cluster.port, "disable").returncode != 0
    finally:
        cluster.destroy()
