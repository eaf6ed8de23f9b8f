"""Databases that a platform's state has and their server has not: somebody dropped them by hand.

The engine looks at the state alone, so an `up` would say that nothing has changed; and the provider can't delete a
database that is gone (3D000: terraform-provider-postgresql, resourcePostgreSQLDatabaseDelete). So each server is asked.
What was dropped is never made anew unasked: an empty database in its place would look as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from age_keyring import KeyringError
from deploy.databases_there import databases_there
from deploy.engine_run import run
from deploy.guards import NotReady
from deploy.target import RunTarget
from kept.say import Say
from settings import Settings, open_keyring

__all__ = ["Dropped", "dropped_databases", "forget", "refuse_unnamed"]

Resource = Mapping[str, Any]
DATABASE = "postgresql:index/database:Database"
_CONTAINER = "docker:index/container:Container"


@dataclass(frozen=True)
class Dropped:
    """One that is gone, and what the state still has in it."""

    urn: str
    database: str
    server: str
    inside: tuple[str, ...] = ()
    """The URNs of what went with it: its privileges and extensions."""

    @property
    def name(self) -> str:
        """The short name, which is also what `--allow-loss` takes."""
        return self.urn.rpartition("::")[2]

    def __str__(self) -> str:
        return f"the database {self.database} ({self.name}) is not on the server {self.server}: somebody dropped it"


def dropped_databases(place: RunTarget, settings: Settings, deployment: Mapping[str, Any]) -> list[Dropped]:
    """Of every server of the stack that can be asked; of one that can't be, or whose password the keyring has not,
    nothing is claimed. Needs the tunnel. `deployment`: the platform's state.
    """
    living = [one for one in deployment.get("resources") or [] if not one.get("delete")]
    databases = [one for one in living if one["type"] == DATABASE]
    providers = {
        f"{one['urn']}::{one.get('id')}": one for one in living if one["type"] == "pulumi:providers:postgresql"
    }
    used = {str(one.get("provider")) for one in databases} & providers.keys()
    if not used:
        return []
    servers = {settings.forward(one.name).local_port: one.name for one in settings.database_servers}
    passwords = _passwords(place, settings, servers.values())
    asked = {name: servers.get(_port(providers[name])) for name in used}
    with ThreadPoolExecutor(len(used)) as threads:
        answers = dict(
            threads.map(lambda name: (name, _there(providers[name], passwords.get(asked[name] or ""))), sorted(used))
        )
    return [
        Dropped(one["urn"], str(one["inputs"]["name"]), str(asked[name]), _inside(one, living))
        for one in databases
        if (name := str(one.get("provider"))) in used
        and (there := answers[name]) is not None
        and one["inputs"]["name"] not in there
    ]


def refuse_unnamed(stack: str, found: Sequence[Dropped], allowed: Iterable[str] | None) -> None:
    """Raises NotReady for what the operator has not named. `allowed` is None where nothing has to be."""
    if allowed is None:
        return
    open_ = [one for one in found if not {one.name, one.urn} & set(allowed)]
    if open_:
        options = " ".join(f"--allow-loss {one.name}" for one in open_)
        raise NotReady(
            "\n".join(f"{stack}: {one}" for one in open_)
            + "\nNothing was changed. Fix: bring it back from a backup of the server, with its owner; or make an "
            f"empty one in its place: ./smos up {stack} {options}; or take all of it down: ./smos destroy {stack}"
        )


def forget(place: RunTarget, stack: str, deployment: Mapping[str, Any], found: Sequence[Dropped], say: Say) -> None:
    """Reads them, and what was in them, anew: the providers say that they are gone, and the state forgets them.

    The preparations that had filled them are to run once more: the state says so, for whichever run comes next.
    """
    if not found:
        return
    for urn in _preparations(deployment, found):
        run(place, place.project, "state", "taint", urn, "--yes", "--stack", stack, capture=True)
    targets = [word for one in found for urn in (one.urn, *one.inside) for word in ("--target", urn)]
    run(place, place.project, "refresh", "--yes", "--skip-preview", "--stack", stack, *targets, capture=True)
    say(f"{stack}: the state forgot {', '.join(one.name for one in found)}")


def _preparations(deployment: Mapping[str, Any], found: Sequence[Dropped]) -> list[str]:
    """The URNs of those that need what was dropped."""
    lost = {one.urn for one in found}
    living = {str(one["urn"]): one for one in deployment.get("resources") or [] if not one.get("delete")}
    needs = {urn: _needs(one) for urn, one in living.items()}
    return [
        urn
        for urn, one in living.items()
        if one["type"] == _CONTAINER
        and (one.get("inputs") or {}).get("attach") is True
        and lost & _needed_by(urn, needs)
    ]


def _port(provider: Resource) -> int:
    return int(provider["inputs"].get("port") or 0)


def _passwords(place: RunTarget, settings: Settings, servers: Iterable[str]) -> dict[str, str]:
    """Server → the administrator's password, where the keyring has it. What is wrong with it is said elsewhere."""
    try:
        keyring = open_keyring(place.environ)
    except KeyringError:
        return {}
    found = {name: keyring.find(f"{settings.stack}/databaseAdminPasswords/{name}") for name in servers}
    return {name: password for name, password in found.items() if password}


def _there(provider: Resource, password: str | None) -> frozenset[str] | None:
    """The databases of a provider's server; None where it can't be asked."""
    inputs = provider["inputs"]
    if password is None:
        return None
    return databases_there(_port(provider), str(inputs["username"]), password, str(inputs["sslmode"]))


def _inside(database: Resource, living: Iterable[Resource]) -> tuple[str, ...]:
    """What is in it, by its name: a state of an earlier version does not say that it goes with it."""
    name, provider = database["inputs"]["name"], database.get("provider")
    return tuple(
        one["urn"]
        for one in living
        if one["type"].startswith("postgresql:")
        and one["type"] != DATABASE
        and one.get("provider") == provider
        and (one.get("inputs") or {}).get("database") == name
    )


def _needs(one: Resource) -> set[str]:
    of_properties = (one.get("propertyDependencies") or {}).values()
    return {*(one.get("dependencies") or []), *(urn for urns in of_properties for urn in urns or [])}


def _needed_by(urn: str, needs: Mapping[str, set[str]]) -> set[str]:
    """The URNs of all that it needs, by whatever way round."""
    found: set[str] = set()
    waiting = [urn]
    while waiting:
        for needed in needs.get(waiting.pop(), set()) - found:
            found.add(needed)
            waiting.append(needed)
    return found
