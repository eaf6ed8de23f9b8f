"""Profiles: which services must run; and what a stack would be with another one, to ask whether that fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from settings.database_server import DatabaseServer
from settings.findings import Finding
from settings.parts import Host
from settings.places import Place, accepted, tag_of
from settings.services import Service, Services

__all__ = ["PROFILES", "Profile", "by_default", "models_of", "places_of", "profile_is_whole", "with_profile"]

Profile = Literal["core", "full", "custom"]

_CORE = ("n8n", "redis", "traefik", "holding", "vault", "knowledge", "storage", "tenants", "guard")
PROFILES: Mapping[str, tuple[str, ...]] = {
    "core": _CORE,
    "full": (*_CORE, "chatwoot", "odoo", "metabase", "botpress", "mcp"),
}
"""Profile → its services. Whatever they need of a PostgreSQL server, they name as their database."""


def profile_is_whole(profile: Profile, all_services: Services) -> Iterator[Finding]:
    """A profile's services run, and no other."""
    if profile == "custom":
        return
    wanted, running = PROFILES[profile], [key for key, _ in all_services.running()]
    missing = [key for key in wanted if key not in running]
    extra = [key for key in running if key not in wanted]
    if missing:
        why = f"{profile} has {', '.join(wanted)}; here lack {', '.join(missing)}"
        yield ("profile",), profile, why, f"add {_paths(missing)}; or profile: custom"
    if extra:
        why = f"{profile} has {', '.join(wanted)}; here run {', '.join(extra)}, too"
        larger = [name for name, keys in PROFILES.items() if name != profile and set(running) <= set(keys)]
        other = " or ".join(f"profile: {name}" for name in (*larger, "custom"))
        yield ("profile",), profile, why, f"remove {_paths(extra)}; or {other}"


def _paths(keys: Sequence[str]) -> str:
    return ", ".join(f"services.{key}" for key in keys)


def with_profile(
    profile: str,
    hosts: Sequence[Host],
    database_servers: Sequence[DatabaseServer],
    services: Services,
    also: Sequence[str] = (),
) -> Services:
    """The services of a profile: as the stack has them, else as they are by default on its first host, with their
    databases on that host's server.
    """
    told = services.model_dump(by_alias=True, exclude_none=True)
    servers = [one.name for one in database_servers if not one.placement.managed]
    usual = {
        "host": hosts[0].name if hosts else "",
        "database": next(iter(servers), database_servers[0].name if database_servers else ""),
    }
    wanted = [key for key in (*PROFILES[profile], *also) if key in Services.model_fields]
    return Services.model_validate({key: told.get(key) or by_default(key, usual) for key in wanted})


def models_of(service: str) -> tuple[type[Service], ...]:
    """What a service's settings may be: its key is optional, and some come in several kinds."""
    return tuple(_models(Services.model_fields[service].annotation))


def places_of(model: type[Service]) -> tuple[str, ...]:
    """Where a service may be: the `where` of each placement that its settings know. None for what is a database."""
    return tuple(tag_of(one) for one in _kinds(model))


def by_default(key: str, usual: Mapping[str, str], kind: int = 0) -> dict[str, Any]:
    """A service of which nothing is said that has a default: on the usual host with the usual database, at the name in
    the zone that is its key. Of several kinds the first, or another.
    """
    told: dict[str, Any] = {}
    model = models_of(key)[kind]
    for name, field in model.model_fields.items():
        if field.is_required():
            choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
            told[str(field.alias)] = choices[0] if choices else usual.get(name, key)
    if "placement" in told:
        where = min(_kinds(model), key=lambda one: one.preference)
        needed = (name for name, field in where.model_fields.items() if field.is_required() and name != "where")
        told["placement"] = {"where": tag_of(where), **{name: usual[name] for name in needed}}
    return told


def _models(annotation: Any) -> Iterator[type[Service]]:
    if hasattr(annotation, "model_fields"):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _kinds(model: type[Service]) -> tuple[type[Place], ...]:
    field = model.model_fields.get("placement")
    return accepted(field) if field else ()
