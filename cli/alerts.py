"""`smos alerts run|test|key|watch`: a person is told of what is bad, and of silence."""

from __future__ import annotations

import datetime
import json
import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

from cli.outcome import BadInput, Failed
from cli.platform import AsJson, OnTarget, run_target
from cli.reporting import reporting, say
from cli.status import asked_of
from deploy import guards
from deploy.target import RunTarget, Target, keeps_in
from settings import open_keyring

if TYPE_CHECKING:
    from recovery.alerts.channels import Channels

__all__ = ["app", "key", "run", "try_out", "watch"]

app = typer.Typer(no_args_is_help=True, help="A person is told of what is bad: run, test, key, watch.")
Environment = Annotated[str, typer.Argument(help="The environment, as in prod.")]
KEY_VARIABLE = "SMOS_ALERTS_KEY"


@app.command()
def run(stack: Environment = "prod", as_json: AsJson = False, target: OnTarget = Target.SANDBOX) -> None:
    """Ask everything that `status` asks, tell what is new, then call the heartbeat. For a schedule, every few
    minutes.
    """
    from recovery.alerts.ledger import Ledger
    from recovery.alerts.run import run as tell

    with reporting(as_json):
        found = asked_of(stack, target, None, quiet=as_json)
        place = run_target(target, stack, quiet=True)
        channels = _channels(place, stack)
        ledger = Ledger(keeps_in(target) / "recovery" / f"alerts-{stack}.json")
        now = datetime.datetime.now(datetime.UTC)
        done = tell(stack, target.value, found, channels.all, channels.heartbeat, ledger, now, say)
    if as_json:
        events = [{"key": one.key, "event": one.what} for one in done.events]
        typer.echo(json.dumps({"ok": not done.failed, "stack": stack, "events": events, "told": list(done.channels)}))
    else:
        say(f"{len(done.events)} told over {', '.join(done.channels) or 'nothing'}")


@app.command("test")
def try_out(stack: Environment = "prod", target: OnTarget = Target.SANDBOX) -> None:
    """Send a test over every channel, and say which took it. Exit code 1 when one did not."""
    from recovery.alerts.notice import Event, Notice
    from recovery.alerts.run import deliver

    with reporting():
        place = run_target(target, stack, quiet=True)
        channels = _channels(place, stack)
        now = datetime.datetime.now(datetime.UTC)
        event = Event(key="alerts:test", what="test", says="a test: nothing is bad", mend="", since=now.isoformat())
        took, failed = deliver(Notice(stack=stack, target=target.value, at=now, events=[event]), channels.all, say)
    say(f"took it: {', '.join(took)}")
    if failed:
        raise Failed(f"{len(failed)} of {len(channels.all)} channels did not take it")


def _channels(place: RunTarget, stack: str) -> Channels:
    """Of the simulated clouds nobody is written to or called: a folder takes it all."""
    from recovery.alerts.channels import Channels, channels_of
    from recovery.alerts.outbox import Outbox

    if place.target is Target.SANDBOX:
        return Channels(all=(Outbox(keeps_in(place.target) / "alerts"),), heartbeat=None)
    return channels_of(guards.settings_of(place, stack), open_keyring(place.environ))


@app.command()
def key(stack: Environment = "prod", target: OnTarget = Target.SANDBOX) -> None:
    """Print the key with which webhooks and heartbeats are signed: for whoever receives them."""
    from recovery.alerts.channels import webhook_key

    with reporting():
        place = run_target(target, stack, quiet=True)
        typer.echo(webhook_key(guards.settings_of(place, stack), open_keyring(place.environ)))


@app.command()
def watch(
    address: Annotated[str, typer.Option("--address", help="Where it listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Its port.")] = 8484,
    minutes: Annotated[int, typer.Option("--silent-after", min=1, max=10080, help="Minutes of silence.")] = 30,
) -> None:
    """A dead man's switch, on another machine than what it watches: ends with exit code 1 and says so when no heartbeat
    came for so long. The key is in the variable SMOS_ALERTS_KEY; whoever starts it (systemd's OnFailure=) tells a
    person.
    """
    from recovery.alerts.switch import Switch, serve

    secret = os.environ.get(KEY_VARIABLE, "")
    if not secret:
        raise BadInput(f"{KEY_VARIABLE} is not set. Fix: ./smos alerts key STACK shows it on the operators' machine")
    switch = Switch(key=secret, silent_after_s=60.0 * minutes)
    server = serve(switch, (address, port))
    say(f"waiting for heartbeats at {address}:{port}; silent for {minutes} minutes is an alarm")
    try:
        while (silent := switch.overdue()) is None:
            time.sleep(1.0)
    finally:
        server.shutdown()
        server.server_close()
    raise Failed(
        f"no heartbeat for {silent / 60:.0f} minutes: the environment, its schedule or the way to here is down"
    )
