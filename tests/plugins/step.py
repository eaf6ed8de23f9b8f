"""`python -m tests.plugins.step NAME [ARGUMENT]`: one step of a life, in a process of its own that can be ended.

Each raises, or ends with an exit code other than 0, where the outcome is not what it must be.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import yaml

from age_keyring import KeyringError
from demo.life import tour_a_life
from deploy import guards, platform, vault
from deploy.engine_run import EngineFailed, Outcome, run
from deploy.simulated import simulated
from deploy.target import PROJECT, Target
from sandbox import client
from sandbox.home import Home, SandboxError
from settings import SettingsError
from settings.profiles import with_profile
from settings.systems import SYSTEMS
from tenants import desired, lifecycle, offboarding
from tenants.registry import Registry, RegistryError

__all__ = ["STEPS"]


class NotAsWanted(Exception):
    """A step ended well, and with another outcome than it must have."""


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def full(stack: str) -> None:
    """Gives an environment every service, and a machine that holds them: in the shadow project's file alone."""
    place = simulated(_say, stack=stack)
    settings = guards.settings_of(place, stack)
    file = place.project / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(file.read_text())
    config = content["config"]
    services = with_profile(
        SYSTEMS[settings.system].profiles["full"], settings.hosts, settings.database_servers, settings.services
    )
    config["smarteros:profile"] = "full"
    config["smarteros:services"] = services.model_dump(by_alias=True, exclude_none=True, mode="json")
    config["smarteros:hosts"][0] |= {"cpus": 16, "memoryMb": 65536, "diskGb": 500}
    server = config["smarteros:databaseServers"][0]
    server["extensions"] = sorted({*server["extensions"], "PG_STAT_STATEMENTS"})
    server["placement"] |= {"cpus": 4, "memoryMb": 8192, "maxConnections": 400}
    mail = {"host": "smtp.example.com", "port": 587, "user": "apikey", "sender": f"pausa@{settings.domain}"}
    config["smarteros:services"]["chatwoot"]["mail"] = mail
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    simulated(_say, stack=stack)
    guards.settings_of(place, stack)


def up(stack: str) -> None:
    """Brings an environment up."""
    _platform(stack)


def unchanged(stack: str) -> None:
    """Brings it up again: nothing may change."""
    _nothing(_platform(stack), "a second `up`")


def refreshed(stack: str) -> None:
    """Asks every vendor what is there: nothing may differ."""
    place = simulated(_say, stack=stack)
    arguments = ("--preview-only", "--expect-no-changes", "--stack", stack)
    with guards.tunnel_open(place, guards.settings_of(place, stack), _say):
        run(place, place.project, "refresh", *arguments, capture=True)


def access(stack: str) -> None:
    """Vault is initialised, opened, and its inside declared; again, and nothing changes."""
    place = simulated(_say, stack=stack)
    settings = guards.settings_of(place, stack)
    vault.ensure(place, settings, _say)
    _nothing(vault.ensure(place, settings, _say), "a second `vault init`")


def applied(argument: str) -> None:
    """STACK/SLUG: the tenant is what its file says."""
    stack, _, slug = argument.partition("/")
    lifecycle.apply(simulated(_say, stack=stack), stack, _registry(stack), slug, _say)


def tenant(argument: str) -> None:
    """STACK/SLUG: applied, applied again, no drift, then its whole life and its end."""
    stack, _, slug = argument.partition("/")
    place = simulated(_say, stack=stack)
    lifecycle.apply(place, stack, _registry(stack), slug, _say)
    _nothing(lifecycle.apply(place, stack, _registry(stack), slug, _say).outcome, "a second `apply`")
    drifted = desired.drift_of(place, stack, _registry(stack), slug, _say, mend=False).changed
    if drifted:
        raise NotAsWanted(f"drift, though nobody touched it: {', '.join(drifted)}")
    tour_a_life(place, stack, slug, _say)
    offboarding.delete(place, stack, lambda: _registry(stack), slug, _say)


def destroy(stack: str) -> None:
    """Takes an environment down to its end."""
    place = simulated(_say, stack=stack)
    platform.destroy(place, platform.Wish(stack=stack, yes=True, quiet=True), _say, unprotect=True)
    left = run(place, place.project, "stack", "export", "--stack", stack, capture=True)
    if f"urn:pulumi:{stack}::{PROJECT}::docker:" in left:
        raise NotAsWanted("containers are still in the state after `destroy`")


def ended(_: str) -> None:
    """Ends the simulated clouds."""
    client.reset(Home.of_clone())


STEPS: dict[str, Callable[[str], None]] = {
    step.__name__: step for step in (full, up, unchanged, refreshed, access, applied, tenant, destroy, ended)
}


def _platform(stack: str) -> Outcome:
    place = simulated(_say, stack=stack)
    return platform.up(place, platform.Wish(stack=stack, yes=True, quiet=True), _say)


def _registry(stack: str) -> Registry:
    return lifecycle.registry_of(stack, Target.SANDBOX)


def _nothing(outcome: Outcome, what: str) -> None:
    if outcome.changed:
        changes = ", ".join(f"{count} {operation}" for operation, count in outcome.changes.items())
        raise NotAsWanted(f"{what} changed {outcome.changed} resources: {changes}")


def main(name: str, argument: str) -> int:
    """0 when the step went as it must; the reason is said last."""
    try:
        STEPS[name](argument)
    except (
        EngineFailed,
        KeyringError,
        NotAsWanted,
        RegistryError,
        SandboxError,
        SettingsError,
        guards.NotReady,
        offboarding.Residue,
    ) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""))
