"""What is checked before the engine starts, so that nothing begins which can't end well. Asks and changes nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from deploy.target import Workplace
from hosts.reachable import closed_forwards
from settings import Settings, expected_secrets, load_files, open_keyring, secret_problems

Say = Callable[[str], None]


class NotReady(Exception):
    """Something that a run needs is not there; the text says what, and the command that mends it."""


def settings_of(place: Workplace, stack: str) -> Settings:
    """The environment's settings. Raises SettingsError with every mistake in them."""
    return load_files(stack, place.project)


def secrets_ready(place: Workplace, settings: Settings) -> None:
    """Raises NotReady when the keyring does not open, or lacks what the settings call for. Shows no value."""
    from keyring import KeyringError

    try:
        keyring = open_keyring(place.environ)
    except KeyringError as error:
        raise NotReady(str(error)) from None
    found = secret_problems(expected_secrets(settings), keyring)
    if found:
        raise NotReady("\n".join(str(problem) for problem in found))


def hosts_ready(place: Workplace, settings: Settings, stack: str) -> None:
    """Raises NotReady when a host does not answer, or has no Docker engine."""
    if not settings.hosts:
        return
    from hosts.ready import problems

    found = problems(settings.hosts, stack, place.ssh_config)
    if found:
        raise NotReady("\n".join(found))


@contextlib.contextmanager
def tunnel_open(place: Workplace, settings: Settings, say: Say) -> Iterator[None]:
    """The SSH forwards that the run needs: those which are open already are used, the rest are opened for the block."""
    closed = closed_forwards(settings.tunnels())
    if not closed:
        yield
        return
    from hosts.ssh import SshProblem
    from hosts.tunnel import TunnelProblem, open_forwards

    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(open_forwards(closed, settings.hosts, config=place.ssh_config, say=say))
        except (SshProblem, TunnelProblem) as problem:
            raise NotReady(str(problem)) from None
        yield
