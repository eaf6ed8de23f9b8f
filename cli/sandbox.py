"""`smos sandbox`: the simulated clouds of this clone."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cli.outcome import Failed
from cli.reporting import reporting, say
from sandbox import client
from sandbox.client import ask
from sandbox.home import Home

__all__ = [
    "app",
    "authorities",
    "env",
    "fault",
    "forget",
    "freshen",
    "grow",
    "inventory",
    "pages",
    "reset",
    "start",
    "status",
    "stop",
]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The simulated clouds of this clone: start, stop, status, env, reset.",
)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.command()
def start(
    bare_hosts: Annotated[
        bool, typer.Option("--bare-hosts", help="Leave the hosts without Docker, as they are rented.")
    ] = False,
) -> None:
    """Start the simulated clouds and make what a plain run needs: stacks, throw-away secrets, bootstrapped hosts."""
    from deploy.simulated import simulated

    with reporting():
        place = simulated(say, hosts_ready=not bare_hosts)
    typer.echo(
        f'The simulated clouds run. In a shell:  eval "$(./smos sandbox env)"; pulumi up --stack prod\n{place.project}'
    )


@app.command()
def stop() -> None:
    """End the simulated clouds; what exists in them stays for the next start."""
    typer.echo("stopped" if client.stop(Home.of_clone()) else "nothing was running")


@app.command()
def status(as_json: AsJson = False) -> None:
    """What runs, and how much exists in it. Exit code 1 when nothing runs."""
    running = Home.of_clone().running()
    if running is None:
        typer.echo(json.dumps({"running": False}) if as_json else "not running; start it with ./smos sandbox start")
        raise typer.Exit(1)
    facts = ask(running, "status")
    if as_json:
        typer.echo(json.dumps({"running": True, "pid": running.pid, **facts}))
        return
    typer.echo(f"running (process {running.pid}), {sum(facts['records'].values())} resources exist")
    for package, port in facts["ports"].items():
        count = sum(number for token, number in facts["records"].items() if token.split(":")[0] == package)
        typer.echo(f"  {package:<14} port {port:<6} {count} resources")
    for machine in facts["machines"]:
        typer.echo(
            f"  host {machine['name']} {machine['address']}: {'Docker runs' if machine['docker'] else 'no Docker yet'}"
        )
    for forward in facts["forwards"]:
        typer.echo(f"  forward 127.0.0.1:{forward['local_port']} → {forward['target']} ({forward['name']})")
    for port in facts["published"]:
        typer.echo(f"  published 127.0.0.1:{port['local_port']} → {port['name']}")


@app.command()
def env() -> None:
    """Print what a plain shell evaluates: eval "$(./smos sandbox env)". Starts the simulated clouds when needed."""
    from deploy.simulated import shell_lines, simulated

    with reporting():
        place = simulated(say)
        typer.echo("\n".join(shell_lines(place, Home.of_clone())))


@app.command()
def reset() -> None:
    """Forget everything simulated: clouds, databases, state, keys. Touches nothing else."""
    with reporting():
        client.reset(Home.of_clone())
    typer.echo("forgotten")


@app.command()
def freshen() -> None:
    """Bring the shadow project up to date with the tracked settings (the `pulumi` of `env` does it by itself)."""
    from deploy.simulated import freshen as bring_up_to_date

    with reporting():
        bring_up_to_date(Home.of_clone())


@app.command()
def inventory(
    token: Annotated[str, typer.Argument(help="A package or type, as in docker or azure-native:app.")] = "",
    as_json: AsJson = False,
) -> None:
    """What exists in the simulated clouds."""
    for record in _asked("inventory", token=token):
        typer.echo(json.dumps(record) if as_json else f"{record['token']}  {record['id']}")


@app.command()
def forget(identity: Annotated[str, typer.Argument(help="The id of what is lost.")]) -> None:
    """Lose something, as if it had been deleted in the vendor's console."""
    _asked("forget", id=identity)
    typer.echo(f"lost: {identity}")


@app.command()
def fault(
    kind: Annotated[str, typer.Argument(help="throttled, unavailable, lost-answer, slow, crash or migration-fails.")],
    token: Annotated[str, typer.Option(help="Which types, as a shell pattern; of a migration, which container.")] = "*",
    operation: Annotated[str, typer.Option(help="create, update, delete, or a pattern.")] = "*",
    times: Annotated[int, typer.Option(help="How many times.", min=1)] = 1,
    seconds: Annotated[float, typer.Option(help="How slow, or when to try again.", min=0)] = 1.0,
) -> None:
    """Plan a bad day of a vendor's API; or of an application: a migration that changes its database, and fails."""
    if kind == "migration-fails":
        _asked(kind, container=token, times=times)
        typer.echo(f"planned: {kind}, {times} time(s), of {token}")
        return
    _asked("fault", kind=kind, token=token, operation=operation, times=times, seconds=seconds)
    typer.echo(f"planned: {kind}, {times} time(s), {operation} of {token}")


@app.command()
def away(
    address: Annotated[str, typer.Argument(help="The address of a machine, as in `sandbox status`.")],
    back: Annotated[bool, typer.Option("--back", help="On the network again.")] = False,
) -> None:
    """Take a machine off the network: its SSH server and all that is reached through it, until --back or a restart."""
    _asked("away", address=address, back=back)
    typer.echo(f"{'back' if back else 'away'}: {address}")


@app.command()
def grow(server: Annotated[str, typer.Argument(help="The name of a Flexible Server.")]) -> None:
    """Fill a database server's disk, so that Azure gives it the next larger one."""
    (grown,) = _asked("grow", server=server)
    typer.echo(f"{grown['server']}: {grown['before_gb']} → {grown['after_gb']} GB")


@app.command()
def authorities() -> None:
    """Print the certificates of the simulated authorities, for real programs that verify whom they call, as in
    NODE_EXTRA_CA_CERTS, SSL_CERT_FILE or PGSSLROOTCERT.
    """
    typer.echo("".join(str(one["certificate"]) for one in _asked("authorities")), nl=False)


@app.command()
def pages() -> None:
    """Write docs/providers from the rules tables: what each simulated type checks, and what it does not."""
    from deploy.target import ROOT
    from sandbox.pages import last_checked, write_pages
    from sandbox.vendors import packages

    live = last_checked(ROOT / "docs" / "live-checks.json")
    changed = write_pages(packages(), ROOT / "docs" / "providers", live)
    typer.echo("\n".join(str(file.relative_to(ROOT)) for file in changed) or "up to date")


def _asked(command: str, **arguments: object) -> list[dict[str, object]]:
    running = Home.of_clone().running()
    if running is None:
        raise Failed("the simulated clouds do not run; start them with ./smos sandbox start")
    answer = ask(running, command, **arguments)
    return [answer] if isinstance(answer, dict) else list(answer)
