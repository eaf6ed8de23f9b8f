"""Of the hosts: containers and volumes that carry the tenant's label, whichever step they are of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from deploy.guards import NotReady
from deploy.identities import means_of
from tenants.residue.left import Left, Sought
from tenants.session import PlatformSession
from tenants.steps.step import Search

__all__ = ["LABEL", "LABELLED"]

LABEL = "smarteros.tenant"
_QUESTIONS = {
    "the container": ("docker ps --all --filter label={label} --format '{{{{.Names}}}}'", "docker rm --force {name}"),
    "the volume": ("docker volume ls --filter label={label} --format '{{{{.Name}}}}'", "docker volume rm {name}"),
}


def _left(session: PlatformSession, sought: Sought) -> Iterator[Left]:
    """Every host of the settings is asked, by SSH."""
    from hosts.ssh import SshProblem, run  # a client that no other command waits for

    config = means_of(session.place, session.settings).ssh_config
    for host in session.settings.remote_hosts:
        for what, (question, mend) in _QUESTIONS.items():
            command = question.format(label=f"{LABEL}={sought.tenant.slug}")
            try:
                status, out, err = asyncio.run(run(host, command, config))
            except SshProblem as problem:
                raise NotReady(str(problem)) from None
            if status != 0:
                raise NotReady(f"host {host.name} can't be asked what is left: {err.strip() or status}")
            yield from (Left(f"host {host.name}", f"{what} {name}", mend.format(name=name)) for name in out.split())


LABELLED = Search("Docker", _left)
"""Of every step that runs something on a host."""
