"""`smos tunnel STACK`: the SSH forwards to what is private, until Ctrl-C."""

from __future__ import annotations

import typer

from cli.platform import OnTarget, Stack, run_target
from cli.reporting import reporting, say
from deploy import guards
from deploy.target import Target
from hosts.reachable import closed_forwards

__all__ = ["tunnel"]


def tunnel(stack: Stack, target: OnTarget = Target.SANDBOX) -> None:
    """Open the SSH forwards to what is private in an environment (databases, Redis, Vault) and keep them open."""
    from hosts.tunnel import serve_forwards

    with reporting():
        place = run_target(target, stack)
        settings = guards.settings_of(place, stack)
        if not settings.tunnels():
            say(f"nothing of {stack} is behind SSH: what there is, answers at ports of this machine")
            return
        closed = closed_forwards(settings.tunnels())
        for forward in settings.tunnels():
            if forward not in closed:
                say(f"127.0.0.1:{forward.local_port} → {forward.target_host}:{forward.target_port} is open already")
        if not closed:
            return
        serve_forwards(closed, settings.remote_hosts, config=place.ssh_config, say=typer.echo)
