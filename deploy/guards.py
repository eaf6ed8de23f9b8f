"""What is checked before the engine starts, so that nothing begins which can't end well. Asks and changes nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from deploy.target import RunTarget
from hosts import own_engine
from hosts.reachable import closed_forwards
from kept.operator_error import OperatorError
from kept.say import Say
from settings import Settings, expected_secrets, load_files, open_keyring, secret_problems

__all__ = ["NotReady", "hosts_ready", "secrets_ready", "settings_of", "tunnel_open"]


class NotReady(OperatorError):
    """Something that a run needs is not there; the text says what, and the command that mends it."""


class NotReached(NotReady):
    """A host, or Vault, that a run needs can't be reached now; others may be."""


def settings_of(place: RunTarget, stack: str) -> Settings:
    """The environment's settings. Raises SettingsError with every mistake in them."""
    return load_files(stack, place.project)


def secrets_ready(place: RunTarget, settings: Settings) -> None:
    """Raises NotReady when the keyring does not open, or lacks what the settings call for. Shows no value."""
    from age_keyring import KeyringError

    try:
        keyring = open_keyring(place.environ)
    except KeyringError as error:
        raise NotReady(str(error)) from None
    found = secret_problems(expected_secrets(settings), keyring)
    if found:
        raise NotReady("\n".join(str(problem) for problem in found))


def hosts_ready(place: RunTarget, settings: Settings, stack: str) -> None:
    """Raises NotReady when a host does not answer, or has no Docker engine."""
    found: list[str | None] = []
    if settings.remote_hosts:
        from hosts.ready import problems

        found += problems(settings.remote_hosts, stack, place.ssh_config)
    if settings.own_machine is not None:
        found.append(own_engine.problem(settings.own_machine.docker_host))
    if any(found):
        raise NotReady("\n".join(one for one in found if one))


@contextlib.contextmanager
def tunnel_open(place: RunTarget, settings: Settings, say: Say) -> Iterator[None]:
    """The SSH forwards that the run needs: those which are open already are used, the rest are opened for the block."""
    closed = closed_forwards(settings.tunnels())
    if not closed:
        yield
        return
    from hosts.ssh import SshProblem
    from hosts.tunnel import TunnelProblem, open_forwards

    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(open_forwards(closed, settings.remote_hosts, config=place.ssh_config, say=say))
        except (SshProblem, TunnelProblem) as problem:
            raise NotReached(str(problem)) from None
        yield


@contextlib.contextmanager
def tunnel_as_far(place: RunTarget, settings: Settings, say: Say) -> Iterator[list[str]]:
    """As `tunnel_open`, host by host and past one that can't be reached: why, of each that can't."""
    from hosts.ssh import SshProblem
    from hosts.tunnel import TunnelProblem, open_forwards

    closed = closed_forwards(settings.tunnels())
    problems: list[str] = []
    with contextlib.ExitStack() as stack:
        for host in dict.fromkeys(one.host for one in closed):
            its = [one for one in closed if one.host == host]
            try:
                stack.enter_context(open_forwards(its, settings.remote_hosts, config=place.ssh_config, say=say))
            except (SshProblem, TunnelProblem) as problem:
                problems.append(str(problem))
        yield problems
