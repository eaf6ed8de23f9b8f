"""Whether a host can take containers: it answers over SSH and its Docker engine runs. Asks, and changes
nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from hosts.ssh import NotLetIn, SshHost, SshProblem, run

__all__ = ["problem", "problems"]

QUESTION = "docker version --format '{{.Server.Version}}'"
NOT_FOUND = 127


def problem(host: SshHost, stack: str, config: Path | None = None) -> str | None:
    """None when the host is ready; else what is wrong with it and the command that mends it."""
    return asyncio.run(_problem(host, stack, config))


def problems(hosts: Iterable[SshHost], stack: str, config: Path | None = None) -> list[str]:
    """The same for several hosts, asked at once."""

    async def ask() -> list[str | None]:
        return await asyncio.gather(*(_problem(host, stack, config) for host in hosts))

    return [text for text in asyncio.run(ask()) if text]


async def _problem(host: SshHost, stack: str, config: Path | None) -> str | None:
    try:
        status, out, err = await run(host, QUESTION, config)
    except NotLetIn as refused:
        return f"{refused}\nWas it never prepared? Then there is no user {host.user} yet: ./smos host up {stack}"
    except SshProblem as unreachable:
        return str(unreachable)
    if status == 0 and out.strip():
        return None
    where = f"Host {host.name} ({host.user}@{host.address})"
    if status == NOT_FOUND:
        return f"{where} has no Docker yet. Fix: ./smos host up {stack}"
    said = (err or out).strip() or f"exit status {status}"
    return f"{where}: Docker does not answer {host.user}: {said} Fix: ./smos host up {stack}"
