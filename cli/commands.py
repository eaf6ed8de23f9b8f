"""The table of commands. To add one: write cli/<name>.py with a function, and one line here.

The function is an ordinary Typer command (annotated parameters, docstring as help). A group of commands
is a `typer.Typer()` object named the same way. Nothing is imported before its command is started, so a
command may import what it likes at its module's top.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["COMMANDS", "Entry"]


class Entry(NamedTuple):
    """Where a command is, and its line in `smos --help`."""

    target: str  # "module:function" or "module:typer_app"
    help: str


COMMANDS: dict[str, Entry] = {
    "demo": Entry("cli.demo:demo", "Everything on this machine: simulated clouds, prod up, what to try next."),
    "up": Entry("cli.platform:up", "Make an environment what its settings say."),
    "preview": Entry("cli.platform:preview", "Show what `up` would change; changes nothing."),
    "destroy": Entry("cli.platform:destroy", "Take an environment down."),
    "create": Entry("cli.create:app", "Something new: create tenant RUT NAME DOMAIN."),
    "tenant": Entry("cli.tenant:app", "The tenants: what each is, its runs, its doors, its archive, its end."),
    "domain": Entry("cli.domain:app", "The domains of tenants' own: what the customer's DNS lacks."),
    "host": Entry("cli.host:app", "The VPS before the platform: up, check, cloud-init."),
    "keys": Entry("cli.keys:app", "The keyring: init, show, set, generate, verify, recipients."),
    "env": Entry("cli.env:app", "Templates of .env files: which keys of others' services there are, how to get each."),
    "vault": Entry("cli.vault:app", "Vault: init, unseal, status; its keys are in the keyring."),
    "state": Entry("cli.state:app", "The state: copies before every operation, restoring one, where it is kept."),
    "backup": Entry("cli.backup:backup", "A backup now, of all, a tenant or a service; as of one moment."),
    "backups": Entry("cli.backup:backups", "The backups: of whom, when, how large, what would be lost now."),
    "restore": Entry("cli.backup:restore", "A tenant or a service as of a backup, checked before it takes its place."),
    "drill": Entry("cli.drill:app", "A restore into a scratch place, asked and signed; verify a proof of one."),
    "doctor": Entry("cli.doctor:doctor", "What a run still lacks, and where to get it; shows no secret."),
    "status": Entry("cli.status:status", "How an environment is: health, certificates, backups, room, what waits."),
    "alerts": Entry("cli.alerts:app", "A person is told of what is bad, and of silence: run, test, key, watch."),
    "rollback": Entry(
        "cli.rollback:rollback", "Settings and images as at a git tag; says what of the data that needs."
    ),
    "upgrade": Entry("cli.upgrade:upgrade", "Another version of a service, with a way back for image and data."),
    "wal": Entry("cli.wal:app", "The log of a host's PostgreSQL, and whole copies: receive, base, status."),
    "redis": Entry("cli.redis:redis", "Whether Redis answers; ends a script that never does."),
    "capacity": Entry("cli.capacity:capacity", "What machines and databases must hold, and have; a table, a picture."),
    "policies": Entry("cli.policies:policies", "The rules that every run is checked by; their file for the plain CLI."),
    "images": Entry("cli.images:app", "The images that run: lock, verify their digests."),
    "tunnel": Entry("cli.tunnel:tunnel", "Open the SSH forwards to an environment's databases."),
    "sandbox": Entry("cli.sandbox:app", "The simulated clouds: start, stop, status, env, reset."),
    "bench": Entry("cli.bench:bench", "Measure: times and memory against their limits."),
    "version": Entry("cli.version:version", "The versions of SmarterOS's parts."),
    "new": Entry("cli.new:new", "Begin a service, a step, a rule, a type, a command, a system."),
    "check": Entry("cli.check:check", "Format, lint, types, tests: what a pull request must pass."),
}
