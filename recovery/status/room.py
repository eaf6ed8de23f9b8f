"""How much room is left on the disks: of this machine, where states and journals are, and of the hosts."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator

from deploy.target import keeps_in
from hosts.ssh import SshHost, SshProblem, run
from recovery.status.probe import Finding, Level, Look, Probe

__all__ = ["BAD_GB", "BAD_PERCENT", "PROBE", "QUESTION", "WARN_PERCENT"]

WARN_PERCENT, BAD_PERCENT, BAD_GB = 15, 3, 5
"""So much of a disk is free at least. PostgreSQL stops when there is no room for its WAL."""
QUESTION = "df --block-size=1 --output=size,avail /"
_GB = 1024**3


def _ask(look: Look) -> Iterator[Finding]:
    folder = keeps_in(look.place.target)
    usage = shutil.disk_usage(folder if folder.exists() else folder.parent)
    yield _judged(
        "this machine", usage.total, usage.free, "old copies of states and archives: ./smos tenant archive purge"
    )
    for host in look.settings.remote_hosts:
        yield _host(look, host)


def _host(look: Look, host: SshHost) -> Finding:
    try:
        status, out, err = asyncio.run(run(host, QUESTION, look.place.ssh_config))
    except SshProblem as error:
        return Finding(probe="room", subject=f"host {host.name}", level="bad", says=str(error))
    numbers = out.split()[-2:]
    if status or len(numbers) != 2 or not all(one.isdigit() for one in numbers):
        says = f"df says nothing that can be read: {(err or out).strip()[:200]}"
        return Finding(probe="room", subject=f"host {host.name}", level="unknown", says=says)
    mend = "docker system df there says what takes it; images that nothing runs can go"
    return _judged(f"host {host.name}", int(numbers[0]), int(numbers[1]), mend)


def _judged(subject: str, size: int, free: int, mend: str) -> Finding:
    percent = 100 * free / max(size, 1)
    level: Level = (
        "bad" if percent < BAD_PERCENT or free < BAD_GB * _GB else "warning" if percent < WARN_PERCENT else "good"
    )
    says = f"{free / _GB:.1f} of {size / _GB:.1f} GB free ({percent:.0f} %)"
    facts = {"free_bytes": free, "size_bytes": size}
    return Finding(
        probe="room", subject=subject, level=level, says=says, mend="" if level == "good" else mend, facts=facts
    )


PROBE = Probe(name="room", title="Room on disks", ask=_ask, limit_s=30.0)
