"""Environments in which a message goes from service to service, and what each declares; as it is, or changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

from settings.systems.smarteros import CALLS
from tests.components.declared import Declared, config_of, platform, resolved

__all__ = [
    "ALL",
    "CASES",
    "CLOUD",
    "INSIDE",
    "ON_HOST",
    "OUTSIDE",
    "beside",
    "changed",
    "graph",
    "own_machine",
    "prod_with",
    "without",
]

ON_HOST = {"where": "docker", "host": "vps"}
ALL = {call.name for call in CALLS}
CLOUD = {"kind": "cloud", "workspaceId": "wkspace_01EXAMPLE", "bots": {"triage": "0f5e1c1e-example"}}


def beside(**changed: Any) -> dict[str, Any]:
    """backup with all of prod's services on its one host, which is large enough for them."""
    values: dict[str, Any] = deepcopy(config_of("backup"))
    for key, service in deepcopy(config_of("prod")["services"]).items():
        values["services"].setdefault(key, service)
    for service in values["services"].values():
        service |= {"database": "vps"} if "database" in service else {}
    values["hosts"][0] |= {"cpus": 16, "memoryMb": 65536, "diskGb": 400}
    values["databaseServers"] = [deepcopy(config_of("prod")["databaseServers"][1])]
    return {**values, "profile": "custom", "ai": {}, **changed}


def own_machine() -> dict[str, Any]:
    """The developer's own machine, with all services of the flow."""
    values: dict[str, Any] = deepcopy(config_of("local"))
    here = {"where": "docker", "host": values["hosts"][0]["name"]}
    database = values["databaseServers"][0]["name"]
    for key in ("n8n", "chatwoot", "botpress", "mcp"):
        usual = {**config_of("prod")["services"][key], "placement": here, "database": database}
        values["services"].setdefault(key, usual)
    values["hosts"][0] |= {"cpus": 16, "memoryMb": 65536}
    values["ai"] = {}
    values["databaseServers"][0]["extensions"] = config_of("prod")["databaseServers"][1]["extensions"]
    return values


def prod_with(**services: Any) -> dict[str, Any]:
    """prod's services, some of them otherwise; `None` leaves one out."""
    found: dict[str, Any] = deepcopy(config_of("prod")["services"])
    for key, changed in services.items():
        found[key] = None if changed is None else {**found[key], **changed}
    return {
        "profile": "custom",
        "ai": {},
        "services": {key: value for key, value in found.items() if value is not None},
    }


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "prod: n8n in Azure, the rest on the host": ("prod", {}),
    "prod, n8n as a queue": ("prod", prod_with(n8n={"mode": {"kind": "queue", "redis": {}}})),
    "prod, n8n as a queue on the host": (
        "prod",
        prod_with(n8n={"placement": ON_HOST, "database": "vps", "mode": {"kind": "queue"}}),
    ),
    "prod, and n8n on the host, too": ("prod", prod_with(n8n={"placement": ON_HOST, "database": "vps"})),
    "backup, all on one host, on standby": ("backup", beside()),
    "backup after a fail-over": ("backup", beside(standby=False)),
    "a developer's own machine": ("local", own_machine()),
}

INSIDE, OUTSIDE = "backup, all on one host, on standby", "prod: n8n in Azure, the rest on the host"


@cache
def graph(case: str) -> tuple[Declared, ...]:
    """What that environment declares."""
    stack, changed = CASES[case]
    return tuple(platform(stack, **changed))


def changed(declared: Sequence[Declared], name: str, change: Callable[[dict[str, Any]], None]) -> list[Declared]:
    """The same graph, but for one resource."""
    found = []
    for one in declared:
        if one.name == name and one.custom:
            inputs = resolved(deepcopy(one.inputs))
            change(inputs)
            found.append(replace(one, inputs=inputs))
        else:
            found.append(one)
    assert found != list(declared), name
    return found


def without(declared: Sequence[Declared], *names: str) -> list[Declared]:
    """The same graph without some resources."""
    assert set(names) <= {one.name for one in declared}
    return [one for one in declared if one.name not in names]
