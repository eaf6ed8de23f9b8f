"""Forwards listen on this machine alone, lead through the host, and come back after a drop."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hosts.ssh import SshProblem
from hosts.tunnel import TunnelProblem, open_forwards
from tests.hosts.simulated import Forwarded, Machine, machine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def service() -> Iterator[int]:
    """A service that answers each connection with what it says, in capitals, until it has said all."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                while data := connection.recv(65536):
                    connection.sendall(data.upper())

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


@pytest.fixture
def vps(tmp_path: Path, service: int) -> Iterator[Machine]:
    with machine(tmp_path, lambda name, port: route(service, name, port)) as running:
        yield running


def route(service: int, name: str, port: int) -> tuple[str, int] | None:
    return ("127.0.0.1", service) if (name, port) == ("psql.example", 5432) else None


def ask(port: int, text: bytes) -> bytes:
    """Says something, then that there is no more, and returns the whole answer."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(65536):
            answer += data
    return answer


def test_a_forward_carries_both_ways(vps: Machine) -> None:
    """What is said to the local port arrives at the target, and the whole answer comes back."""
    forward = Forwarded(local_port=free_port())
    with open_forwards([forward], [vps.known], config=vps.config):
        assert ask(forward.local_port, b"hello") == b"HELLO"
        assert ask(forward.local_port, b"x" * 1_000_000) == b"X" * 1_000_000
    with pytest.raises(ConnectionRefusedError):
        ask(forward.local_port, b"gone")


def test_a_forward_listens_on_this_machine_alone(vps: Machine) -> None:
    """Another address of the same machine is refused: nobody on its network reaches the forward."""
    forward = Forwarded(local_port=free_port())
    with open_forwards([forward], [vps.known], config=vps.config):
        assert ask(forward.local_port, b"hello") == b"HELLO"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", forward.local_port), timeout=5).close()


def test_a_taken_port_is_said_before_anything_is_reached(vps: Machine) -> None:
    """The local port belongs to another program: the message names port, forward and mend."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        forward = Forwarded(local_port=other.getsockname()[1])
        with (
            pytest.raises(TunnelProblem, match=rf"127\.0\.0\.1:{forward.local_port} \(forward main\) is taken"),
            open_forwards([forward], [vps.known], config=vps.config),
        ):
            pass


def test_a_host_that_refuses_is_said_before_the_block_starts(vps: Machine) -> None:
    """A forward without its SSH connection is not opened."""
    vps.stop()
    forward = Forwarded(local_port=free_port())
    with (
        pytest.raises(SshProblem, match="nothing listens"),
        open_forwards([forward], [vps.known], config=vps.config),
    ):
        pass


def test_a_dropped_connection_is_opened_again(vps: Machine, service: int) -> None:
    """After the host's reboot the next connection through the same forward works, and the drop is said."""
    said: list[str] = []
    forward = Forwarded(local_port=free_port())
    with open_forwards([forward], [vps.known], config=vps.config, say=said.append):
        assert ask(forward.local_port, b"one") == b"ONE"
        vps.stop()
        vps.start(lambda name, port: route(service, name, port))
        assert ask(forward.local_port, b"two") == b"TWO"
    assert any("dropped" in line for line in said)


def test_a_target_that_refuses_closes_the_connection_and_is_said(vps: Machine) -> None:
    """The program at the local end sees the connection close; the operator reads why."""
    said: list[str] = []
    forward = Forwarded(local_port=free_port(), target_host="elsewhere.example")
    with open_forwards([forward], [vps.known], config=vps.config, say=said.append):
        assert ask(forward.local_port, b"hello") == b""
    assert said
    assert "nothing answers at elsewhere.example:5432" in said[0]


def test_several_forwards_share_one_connection(vps: Machine) -> None:
    """One SSH connection a host, however many forwards."""
    forwards = [Forwarded(name=name, local_port=free_port()) for name in ("one", "two")]
    with open_forwards(forwards, [vps.known], config=vps.config):
        for forward in forwards:
            assert ask(forward.local_port, b"hi") == b"HI"
        assert vps.logins() == 1
