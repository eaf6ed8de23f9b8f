"""This machine's own simulated Docker engine: its socket, what containers publish on the loopback, what is refused."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from hosts import own_engine
from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.core.rules import refusals
from sandbox.docker.containers import CONTAINER
from sandbox.docker.package import PACKAGE as DOCKER
from sandbox.docker.server.api import DockerSocket, answer
from sandbox.docker.server.loopback import Loopback
from sandbox.home import SOCKET_PATH_BYTES, Home
from tests.sandbox.docker.test_hosts import Little, kind

HOST = "unix:///run/docker.sock"
ENGINE = Record(id=HOST, token="sandbox:engine", inputs={"address": HOST}, outputs={})


def container(name: str, port: int, internal: int = 5432, scope: str = HOST, ip: str | None = "127.0.0.1") -> Record:
    """A container that publishes a port."""
    published = {"internal": float(internal), "external": float(port), **({"ip": ip} if ip else {})}
    return Record(id=name, token=CONTAINER, inputs={"name": name, "ports": [published]}, outputs={}, scope=scope)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Inventory]:
    """An empty inventory."""
    found = Inventory(tmp_path)
    yield found
    found.close()


# -- how it is reached -------------------------------------------------------------------------------------------------


def test_an_engine_is_reached_where_it_is_and_nowhere_else() -> None:
    """As Docker's client says it when nobody listens at the socket."""
    assert DOCKER.connect is not None
    assert DOCKER.connect({"host": HOST}, Little(ENGINE)) is None
    said = DOCKER.connect({"host": "unix:///run/other.sock"}, Little(ENGINE))
    assert "Cannot connect to the Docker daemon at unix:///run/other.sock. Is the docker daemon running?" in str(said)


@pytest.mark.parametrize(
    ("host", "right"),
    [
        (HOST, True),
        ("ssh://deploy@203.0.113.10:22", True),
        ("unix://run/docker.sock", False),
        ("tcp://127.0.0.1:2375", False),
        ("npipe:////./pipe/docker_engine", False),
        (None, False),
    ],
)
def test_the_address_says_which_engine(host: str | None, right: bool) -> None:
    """A socket or SSH; without one the provider would take whatever DOCKER_HOST says, which is not simulated."""
    config = {} if host is None else {"host": host}
    assert (not [failure for rule in DOCKER.config for failure in rule.failures(config)]) is right


def test_it_says_which_id_a_thing_has_in_the_engines_own_words() -> None:
    """Paths, statuses and messages of the Engine API."""
    image = Record(
        id="sha256:11redis:7",
        token="docker:index/remoteImage:RemoteImage",
        inputs={"name": "redis:7"},
        outputs={"imageId": "sha256:11"},
        scope=HOST,
    )
    cloud = Little(container("redis", 6379), image)
    assert answer(cloud, HOST, "/_ping") == (200, "OK")
    assert answer(cloud, HOST, "/containers/redis/json") == (200, {"Id": "redis"})
    assert answer(cloud, HOST, "/images/redis:7/json") == (200, {"Id": "sha256:11"})
    assert answer(cloud, HOST, "/containers/n8n/json") == (404, {"message": "No such container: n8n"})
    assert answer(cloud, HOST, "/networks/data") == (404, {"message": "network data not found"})
    assert answer(cloud, HOST, "/info")[0] == 404


def test_it_answers_at_its_socket_until_it_is_closed(cloud: Inventory, tmp_path: Path) -> None:
    """The same question that a run asks of a real engine before it begins."""
    file = tmp_path / "docker.sock"
    host = f"unix://{file}"
    assert "No such file or directory. Fix: start Docker" in str(own_engine.problem(host))
    engine = DockerSocket(file, cloud)
    try:
        assert file.stat().st_mode & 0o777 == 0o600
        assert own_engine.problem(host) is None
        assert own_engine.identity(host, "network", "data") is None
    finally:
        engine.close()
    assert own_engine.problem(host) is not None


def test_what_answers_but_is_no_engine_is_told(tmp_path: Path) -> None:
    """A socket of some other program."""
    file = tmp_path / "other.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(file))
        listening.listen()

        def serve() -> None:
            with listening.accept()[0] as connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 503 Unavailable\r\nContent-Length: 4\r\n\r\nbusy")

        threading.Thread(target=serve, daemon=True).start()
        assert own_engine.problem(f"unix://{file}") == (
            f"what answers at unix://{file} is no Docker engine that works (503: busy)"
        )


def test_the_sockets_path_is_never_too_long_for_one(tmp_path: Path) -> None:
    """unix(7): 108 bytes with the one that ends it. Two sandboxes never share one."""
    near, far = Home(tmp_path), Home(tmp_path / ("x" * 100) / "a")
    assert near.docker_socket == tmp_path / "docker.sock"
    assert len(str(far.docker_socket)) <= SOCKET_PATH_BYTES
    assert far.docker_socket != Home(tmp_path / ("x" * 100) / "b").docker_socket


# -- what it publishes -------------------------------------------------------------------------------------------------


@pytest.fixture
def run() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Runs coroutines in a loop of another thread, as the sandbox does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


@pytest.fixture
def greeting() -> Iterator[int]:
    """The port of a server that says what it was told, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection = server.accept()[0]
                except OSError:
                    return
                with connection:
                    connection.sendall(b"heard " + connection.recv(100))

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def said_at(port: int) -> bytes:
    """What is answered there."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(b"hello")
        return connection.recv(100)


def test_a_published_port_leads_to_what_is_behind_it(
    cloud: Inventory, run: Callable[[Coroutine[Any, Any, Any]], Any], greeting: int
) -> None:
    """For as long as the container is there, and again after the sandbox was started anew."""
    loopback = Loopback(run, lambda record, port: (lambda: ("127.0.0.1", greeting)) if port == 5432 else None)
    port = free_port()
    one = container("db", port)
    loopback.happened("created", one, None)
    cloud.put(one)
    assert said_at(port) == b"heard hello"
    loopback.happened("updated", one, one)
    assert said_at(port) == b"heard hello"
    assert loopback.status() == [{"name": "db", "local_port": port}]
    loopback.close()
    with pytest.raises(ConnectionRefusedError):
        said_at(port)
    again = Loopback(run, lambda record, port: lambda: ("127.0.0.1", greeting))
    again.begin(cloud)
    assert said_at(port) == b"heard hello"
    again.happened("deleted", one, one)
    with pytest.raises(ConnectionRefusedError):
        said_at(port)


def test_nobody_listens_where_nothing_runs(run: Callable[[Coroutine[Any, Any, Any]], Any], greeting: int) -> None:
    """An app that is not simulated, a container of a rented machine, a port on every address."""
    loopback = Loopback(run, lambda record, port: (lambda: ("127.0.0.1", greeting)) if port == 5432 else None)
    app, there, everywhere = free_port(), free_port(), free_port()
    loopback.happened("created", container("app", app, internal=3000), None)
    loopback.happened("created", container("there", there, scope="203.0.113.10:22"), None)
    loopback.happened("created", container("everywhere", everywhere, ip=None), None)
    for port in (app, there, everywhere):
        with pytest.raises(ConnectionRefusedError):
            said_at(port)


def test_a_port_that_somebody_has_is_refused_as_docker_does(
    run: Callable[[Coroutine[Any, Any, Any]], Any], greeting: int
) -> None:
    """The developer's own PostgreSQL, say."""
    loopback = Loopback(run, lambda record, port: lambda: ("127.0.0.1", greeting))
    with pytest.raises(ValueError, match=f"Bind for 127.0.0.1:{greeting} failed: port is already allocated"):
        loopback.happened("created", container("db", greeting), None)


def test_a_port_of_another_container_is_taken_and_the_machines_ssh_is_no_containers_business() -> None:
    """Port 22 is a rented machine's SSH server; this machine has none that we know."""
    wanted = {"name": "web", "image": "x", "ports": [{"internal": 80.0, "external": 22.0, "ip": "127.0.0.1"}]}
    rules = {rule.id: rule for rule in kind(DOCKER, "Container").rules}
    rule = rules["needsincloud:ports"]
    remote = Record(id="203.0.113.10:22", token="sandbox:host", inputs={"address": "203.0.113.10"}, outputs={})
    assert list(refusals(rule, wanted, Little(ENGINE), {"host": HOST})) == []
    assert list(refusals(rule, wanted, Little(remote), {"host": "ssh://deploy@203.0.113.10:22"}))
    assert list(refusals(rule, wanted, Little(ENGINE, container("other", 22)), {"host": HOST}))
