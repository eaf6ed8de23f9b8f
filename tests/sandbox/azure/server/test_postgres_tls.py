"""A simulated Azure database server speaks TLS, and refuses those who don't."""

from __future__ import annotations

import asyncio
import datetime
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.azure.server.postgres_tls import TlsFront, serve, server_context
from sandbox.postgresql.server.clusters import ADDRESS, Cluster

FQDN = "psql-demo.postgres.database.azure.com"


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, FQDN)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(FQDN)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "server.crt", folder / "server.key"


@contextmanager
def fronted(front: TlsFront) -> Iterator[int]:
    """The front in a loop of its own, as in the sandbox; its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    front_end = asyncio.run_coroutine_threadsafe(serve(front), loop).result()
    try:
        yield front_end.port
    finally:
        asyncio.run_coroutine_threadsafe(front_end.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Path]]:
    folder = tmp_path_factory.mktemp("azure")
    cluster = Cluster(folder / "server")
    cluster.create("smarter", "secret", superuser=False)
    yield cluster, folder
    cluster.destroy()


@pytest.fixture(scope="module")
def port(place: tuple[Cluster, Path]) -> Iterator[int]:
    cluster, folder = place
    front = TlsFront(
        context=server_context(*certificate(folder)),
        upstream=(ADDRESS, cluster.port),
        client_address="203.0.113.10",
    )
    with fronted(front) as port:
        yield port


def connect(port: int, **more: Any) -> psycopg.Connection[Any]:
    return psycopg.connect(host=ADDRESS, port=port, user="smarter", password="secret", dbname="postgres", **more)


def test_a_client_with_tls_reaches_the_database(port: int) -> None:
    """With sslmode=require a client speaks to the real server behind, over TLS, also in large messages."""
    with closing(connect(port, sslmode="require")) as connection:
        assert connection.pgconn.ssl_in_use
        row = connection.execute("SELECT repeat('x', 3000000)").fetchone()
        assert row is not None
        assert len(row[0]) == 3_000_000


def test_the_certificate_names_the_server(port: int, place: tuple[Cluster, Path]) -> None:
    """With sslmode=verify-full a client trusts the server by its own name, and no other name."""
    root = str(place[1] / "server.crt")
    verified: dict[str, Any] = {
        "user": "smarter",
        "password": "secret",
        "sslmode": "verify-full",
        "sslrootcert": root,
    }
    psycopg.connect(host=FQDN, hostaddr=ADDRESS, port=port, dbname="postgres", **verified).close()
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        psycopg.connect(host="other.example", hostaddr=ADDRESS, port=port, dbname="postgres", **verified)


def test_a_client_without_tls_is_refused_as_azure_does(port: int) -> None:
    """A plain start-up packet gets PostgreSQL's own error, with the address that Azure would see."""
    expected = 'no pg_hba.conf entry for host "203.0.113.10", user "smarter", database "postgres", no encryption'
    with pytest.raises(psycopg.OperationalError, match=expected):
        connect(port, sslmode="disable")


def test_plain_is_accepted_when_the_server_does_not_demand_tls(place: tuple[Cluster, Path]) -> None:
    """With require_secure_transport off, as with Azure's server parameter, a plain client gets through."""
    cluster, folder = place
    front = TlsFront(
        context=server_context(folder / "server.crt", folder / "server.key"),
        upstream=(ADDRESS, cluster.port),
        require_secure_transport=False,
    )
    with fronted(front) as port:
        connect(port, sslmode="disable").close()


def test_a_running_query_can_be_cancelled(port: int) -> None:
    """A cancel request is a connection of its own, and arrives."""
    with closing(connect(port, sslmode="require")) as connection:
        threading.Timer(0.1, connection.cancel_safe).start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(5)")


def test_old_tls_is_refused(port: int) -> None:
    """Nothing below TLS 1.2."""
    with pytest.raises(psycopg.OperationalError):
        connect(port, sslmode="require", ssl_min_protocol_version="TLSv1", ssl_max_protocol_version="TLSv1.1")


def test_what_is_not_postgresql_is_dropped(port: int) -> None:
    """Another protocol (here TLS without asking first) is closed at once, with nothing said."""

    async def knock() -> bytes:
        reader, writer = await asyncio.open_connection(ADDRESS, port)
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01")
        answer = await reader.read()
        writer.close()
        return answer

    assert asyncio.run(knock()) == b""
