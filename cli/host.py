"""`smos host`: the VPS before the platform: bootstrap, readiness, cloud-init."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.outcome import BadInput
from cli.platform import Leave, OnTarget, Stack, TakeOver, Yes, claims_of, run_target
from cli.reporting import reporting, say
from deploy import guards, platform
from deploy.target import ROOT, RunTarget, Target
from settings import refuse_no_stack

__all__ = ["app", "check", "cloud_init", "up"]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The hosts: bootstrap, readiness, cloud-init.",
)


@app.command()
def up(
    stack: Stack,
    yes: Yes = False,
    take: TakeOver = None,
    leave: Leave = None,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Bootstrap an environment's hosts: Docker, firewall, updates. Safe to run again."""
    with reporting():
        place = _workplace(target, stack)
        outcome = platform.hosts_up(place, platform.Wish(stack=stack, yes=yes, claims=claims_of(take, leave)), say)
        say(f"hosts of {stack} ({target.value}): {outcome.changed} changes")


@app.command()
def check(stack: Stack, target: OnTarget = Target.SANDBOX) -> None:
    """Ask every host whether it is ready for the platform."""
    with reporting():
        place = _workplace(target, stack)
        guards.hosts_ready(place, guards.settings_of(place, stack), stack)
    typer.echo("ready")


@app.command("cloud-init")
def cloud_init(
    stack: Stack,
    key: Annotated[
        list[Path], typer.Option("--key", exists=True, help="A public key file that may log in; repeatable.")
    ],
    host: Annotated[str, typer.Option("--host", help="The host's name in the settings; else every host.")] = "",
) -> None:
    """Print the bootstrap as cloud-init user data, for a machine that is rented with it."""
    from hosts.bootstrap import Bootstrap
    from hosts.cloud_init import user_data
    from settings import load_files

    with reporting():
        settings = load_files(stack, ROOT)
    names = [one.name for one in settings.remote_hosts]
    if not names or host not in ("", *names):
        what, known = repr(host) if host else "host", ", ".join(names) or "none"
        raise BadInput(
            f"Pulumi.{stack}.yaml: smarteros:hosts has no {what} that is reached by SSH; it has {known}. "
            "Fix: --host with one of those, or add it there"
        )
    keys = [_public_key(file) for file in key]
    for one in settings.remote_hosts:
        if host in ("", one.name):
            typer.echo(user_data(Bootstrap(ssh_port=one.ssh_port, deploy_user=one.user, deploy_keys=keys)))


def _workplace(target: Target, stack: str) -> RunTarget:
    """Before its hosts are ready."""
    from deploy.simulated import simulated

    if target is not Target.SANDBOX:
        return run_target(target, stack)
    refuse_no_stack(stack, ROOT)
    return simulated(say, hosts_ready=False, stack=stack)


def _public_key(file: Path) -> str:
    """A public key's line. What else the file holds, a private key for one, is never shown."""
    from asyncssh import KeyImportError, import_public_key

    text = file.read_text(errors="replace").strip()
    try:
        import_public_key(text)
    except KeyImportError:
        raise BadInput(f"{file}: not a public SSH key. Fix: give the file that ends in .pub") from None
    return text
