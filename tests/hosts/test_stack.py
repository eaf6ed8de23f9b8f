"""What the hosts' program asks the engine for: one pinned, secret-carrying bootstrap a host, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest
import yaml
from pulumi.runtime import mocks, rpc

from hosts.bootstrap import Bootstrap
from hosts.stack import Host, HostArgs, declare
from sandbox.machines.server.ssh import new_key_pair
from settings import Settings
from tests.hosts.simulated import ROOT

PRIVATE, _ = new_key_pair("operator")
_, HOST_KEY = new_key_pair("host")
ARGS = HostArgs(
    address="203.0.113.10",
    host_key=HOST_KEY,
    user="root",
    private_key=PRIVATE,
    bootstrap=Bootstrap(ssh_port=2222),
)


class Engine(mocks.Mocks):
    """Remembers what was registered."""

    def __init__(self) -> None:
        self.registered: list[mocks.MockResourceArgs] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.registered.append(args)
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"no function is called, but {args.token} was")

    def run(self, program: Callable[[], object]) -> list[mocks.MockResourceArgs]:
        """Runs the program to its end; what it registered, without the stack itself."""
        mocks.set_mocks(self, project="smarteros-hosts", stack="prod")
        mocks.test(program)()  # type: ignore[no-untyped-call]  # the SDK's decorator has no types
        return [args for args in self.registered if args.typ != "pulumi:pulumi:Stack"]


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine with an event loop of its own: the SDK takes the current one, and asyncio.run leaves none."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield Engine()
    loop.close()
    asyncio.set_event_loop(None)


def test_a_host_is_one_command_with_the_pinned_key(engine: Engine) -> None:
    """The script runs at creation and at each change, against the pinned host key, and gives up in seconds."""
    component, command = engine.run(lambda: Host("vps", ARGS))
    assert (component.typ, component.name) == ("smarteros:hosts:Host", "vps")
    assert (command.typ, command.name) == ("command:remote:Command", "vps-bootstrap")
    inputs = command.inputs
    assert inputs["create"] == inputs["update"] == ARGS.bootstrap.command("root")
    assert inputs["triggers"] == [ARGS.bootstrap.version]
    connection = rpc.unwrap_rpc_secret(inputs["connection"])
    assert {key: connection[key] for key in ("host", "port", "user", "hostKey")} == {
        "host": "203.0.113.10",
        "port": 2222,
        "user": "root",
        "hostKey": HOST_KEY,
    }
    assert "delete" not in inputs


def test_ready_says_where_and_at_which_version(engine: Engine) -> None:
    """`ready` is known when the bootstrap is done; it holds no secret."""
    seen: list[object] = []

    def program() -> None:
        Host("vps", ARGS).ready.apply(seen.append)

    engine.run(program)
    assert seen == [{"address": "203.0.113.10", "version": ARGS.bootstrap.version}]


def test_the_private_key_stays_secret(engine: Engine) -> None:
    """The key reaches the provider marked as a secret, also when it was handed in as plain text."""
    _, command = engine.run(lambda: Host("vps", ARGS))
    assert rpc.is_rpc_secret(command.inputs["connection"])
    assert rpc.unwrap_rpc_secret(command.inputs["connection"])["privateKey"] == PRIVATE
    rest = {key: value for key, value in command.inputs.items() if key != "connection"}
    assert PRIVATE not in str(rest)


def test_every_host_of_the_settings_is_prepared(engine: Engine) -> None:
    """One component a host of the settings, each with its own bootstrap, and the output `hosts`."""
    hosts = [
        SimpleNamespace(
            name=name,
            address=ARGS.address,
            host_key=HOST_KEY,
            bootstrap_user="root",
            ssh_port=22,
            user="deploy",
        )
        for name in ("vps", "vps-2")
    ]

    def program() -> None:
        private = {host.name: pulumi.Output.secret(PRIVATE) for host in hosts}
        settings = SimpleNamespace(remote_hosts=hosts, secrets=SimpleNamespace(host_private_keys=private))
        declare(cast(Settings, settings))

    registered = engine.run(program)
    assert sorted(args.name for args in registered) == ["vps", "vps-2", "vps-2-bootstrap", "vps-bootstrap"]


def test_the_project_shares_the_platforms_settings_file() -> None:
    """Both projects read Pulumi.<stack>.yaml of the root: one file, one set of secrets."""
    project = yaml.safe_load((ROOT / "hosts" / "Pulumi.yaml").read_text())
    assert project["name"] == "smarteros-hosts"
    assert (ROOT / "hosts" / project["stackConfigDir"]).resolve() == ROOT
