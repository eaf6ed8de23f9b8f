"""A simulated VPS speaks real SSH and answers a closed set of questions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncssh
import pytest

from sandbox.machines.server.ssh import SimulatedHost, new_key_pair, serve

HOST_PRIVATE, HOST_PUBLIC = new_key_pair("host")
PRIVATE, PUBLIC = new_key_pair("operator")
Talk = Callable[[asyncssh.SSHClientConnection], Awaitable[object]]


def talk(what: Talk, docker: str | None = None, user: str = "deploy", private: str = PRIVATE) -> object:
    """Starts a host whose one service echoes, connects, and returns what the conversation returned."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(100))
        writer.close()

    async def whole() -> object:
        service = await asyncio.start_server(echo, "127.0.0.1", 0)
        there = service.sockets[0].getsockname()[:2]
        host = SimulatedHost(
            name="vps",
            host_key=HOST_PRIVATE,
            authorized={"deploy": [PUBLIC]},
            docker_version=lambda: docker,
        )
        acceptor = await serve(host, lambda name, port: there if (name, port) == ("db", 5432) else None)
        try:
            async with asyncssh.connect(
                "127.0.0.1",
                acceptor.get_port(),
                config=None,
                username=user,
                client_keys=[asyncssh.import_private_key(private)],
                agent_path=None,
                known_hosts=([asyncssh.import_public_key(HOST_PUBLIC)], [], []),
            ) as connection:
                return await what(connection)
        finally:
            acceptor.close()
            service.close()

    return asyncio.run(whole())


def command(text: str) -> Talk:
    async def run(connection: asyncssh.SSHClientConnection) -> object:
        done = await connection.run(text)
        return done.exit_status, done.stdout, done.stderr

    return run


@pytest.mark.parametrize(
    ("text", "docker", "expected"),
    [
        ("true", None, (0, "", "")),
        ("docker version --format '{{.Server.Version}}'", "28.5.1", (0, "28.5.1\n", "")),
        ("docker version", None, (127, "", "bash: line 1: docker: command not found\n")),
        (
            "cat /etc/smarteros/host-version",
            None,
            (1, "", "cat: /etc/smarteros/host-version: No such file or directory\n"),
        ),
        ("rm -rf /", None, (126, "", "simulated host vps: this command is not simulated: rm -rf /\n")),
        (
            "docker version; id",
            None,
            (126, "", "simulated host vps: this command is not simulated: docker version; id\n"),
        ),
    ],
)
def test_it_answers_a_closed_set_of_commands(text: str, docker: str | None, expected: object) -> None:
    """What SmarterOS runs on a host is answered as a real host would; everything else is refused in words."""
    assert talk(command(text), docker) == expected


def test_a_shell_is_refused() -> None:
    """An interactive login ends with a sentence, not with a prompt."""

    async def shell(connection: asyncssh.SSHClientConnection) -> object:
        done = await connection.run()
        return done.exit_status, done.stderr

    assert talk(shell) == (126, "simulated host vps: a shell is not simulated\n")


def test_only_authorised_keys_get_in() -> None:
    """Another key, and another user with the right key, are refused."""
    with pytest.raises(asyncssh.PermissionDenied):
        talk(command("true"), private=new_key_pair("stranger")[0])
    with pytest.raises(asyncssh.PermissionDenied):
        talk(command("true"), user="root")


def test_a_password_is_not_even_asked_for() -> None:
    """A bootstrapped host takes public keys alone."""

    async def methods(connection: asyncssh.SSHClientConnection) -> object:
        return await asyncssh.get_server_auth_methods(
            "127.0.0.1", connection.get_extra_info("peername")[1], "deploy", config=None
        )

    assert talk(methods) == ["publickey"]


def test_forwards_lead_to_the_simulated_services() -> None:
    """A forward is named as the platform knows its target, and leads to where the simulated one listens."""

    async def through(connection: asyncssh.SSHClientConnection) -> object:
        reader, writer = await connection.open_connection("db", 5432)
        writer.write(b"hello")
        return await reader.read()

    assert talk(through) == b"hello"


def test_other_forwards_are_refused() -> None:
    """What no simulated service listens to can't be reached: no port of this machine, no internet."""

    async def through(connection: asyncssh.SSHClientConnection) -> object:
        return await connection.open_connection("127.0.0.1", 22)

    with pytest.raises(asyncssh.ChannelOpenError, match=r"nothing answers at 127\.0\.0\.1:22"):
        talk(through)


def test_files_and_remote_forwards_are_not_offered() -> None:
    """SFTP and listening on the host are refused."""

    async def sftp(connection: asyncssh.SSHClientConnection) -> object:
        return await connection.start_sftp_client()

    async def listen(connection: asyncssh.SSHClientConnection) -> object:
        return await connection.forward_remote_port("", 0, "127.0.0.1", 1)

    with pytest.raises(asyncssh.Error):
        talk(sftp)
    with pytest.raises(asyncssh.ChannelListenError):
        talk(listen)
