"""The operators' one way to a private database, whole: local port, SSH through the host, TLS, PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest

from hosts.tunnel import open_forwards
from sandbox.azure.server.postgres_tls import TlsFront, serve, server_context
from sandbox.postgresql.server.clusters import ADDRESS, Cluster
from tests.hosts.simulated import Forwarded, machine
from tests.hosts.test_tunnel import free_port
from tests.sandbox.azure.server.test_postgres_tls import FQDN, certificate


def test_an_administrator_reaches_the_server_by_its_own_name(tmp_path: Path) -> None:
    """Through the tunnel the server proves its own name by certificate, and refuses to go without TLS."""
    cluster = Cluster(tmp_path / "server")
    cluster.create("smarter", "secret", superuser=False)
    context = server_context(*certificate(tmp_path))
    try:
        with machine(tmp_path, lambda name, _port: there if name == FQDN else None) as vps:
            front = TlsFront(context=context, upstream=(ADDRESS, cluster.port), client_address=vps.known.address)
            listening = asyncio.run_coroutine_threadsafe(serve(front), vps.loop).result()
            there = (ADDRESS, listening.port)
            forward = Forwarded(local_port=free_port(), target_host=FQDN)
            where = f"host={FQDN} hostaddr={ADDRESS} port={forward.local_port} dbname=postgres"
            login = f"{where} user=smarter password=secret"
            with open_forwards([forward], [vps.known], config=vps.config):
                with psycopg.connect(
                    f"{login} sslmode=verify-full sslrootcert={tmp_path / 'server.crt'}"
                ) as connection:
                    assert connection.execute("SELECT current_user").fetchone() == ("smarter",)
                with pytest.raises(psycopg.OperationalError, match=r'host "203\.0\.113\.10".*no encryption'):
                    psycopg.connect(f"{login} sslmode=disable")
            asyncio.run_coroutine_threadsafe(listening.close(), vps.loop).result()
    finally:
        cluster.destroy()
