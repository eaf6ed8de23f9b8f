"""Profiles: which services must run; and what a stack would be with another one, to ask whether that fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar, get_args, get_origin

from settings.database_server import DatabaseServer
from settings.findings import Finding
from settings.parts import Host
from settings.places import Place, accepted, tag_of
from settings.problems import did_you_mean
from settings.services import PlatformServices, Service
from settings.systems import SYSTEMS

__all__ = ["NO_PROFILE", "by_default", "places_of", "profile_is_known", "profile_is_whole", "with_profile"]

NO_PROFILE = "custom"
"""What runs is what is named."""
S = TypeVar("S", bound=PlatformServices)


def profile_is_known(system: str, profile: str) -> Iterator[Finding]:
    """It is one of the system's."""
    known = [*SYSTEMS[system].profiles, NO_PROFILE]
    if profile not in known:
        yield ("profile",), profile, f"not a profile of {system}", did_you_mean(profile, known)


def profile_is_whole(system: str, profile: str, all_services: PlatformServices) -> Iterator[Finding]:
    """A profile's services run, and no other."""
    profiles = SYSTEMS[system].profiles
    if profile not in profiles:
        return
    wanted, running = profiles[profile], [key for key, _ in all_services.running()]
    missing = [key for key in wanted if key not in running]
    extra = [key for key in running if key not in wanted]
    if missing:
        why = f"{profile} has {', '.join(wanted)}; here lack {', '.join(missing)}"
        yield ("profile",), profile, why, f"add {_paths(missing)}; or profile: custom"
    if extra:
        why = f"{profile} has {', '.join(wanted)}; here run {', '.join(extra)}, too"
        larger = [name for name, keys in profiles.items() if name != profile and set(running) <= set(keys)]
        other = " or ".join(f"profile: {name}" for name in (*larger, "custom"))
        yield ("profile",), profile, why, f"remove {_paths(extra)}; or {other}"


def _paths(keys: Sequence[str]) -> str:
    return ", ".join(f"services.{key}" for key in keys)


def with_profile(
    wanted: Sequence[str], hosts: Sequence[Host], database_servers: Sequence[DatabaseServer], services: S
) -> S:
    """The services that a profile wants: as the stack has them, else as they are by default on its first host, with
    their databases on that host's server.
    """
    given = services.model_dump(by_alias=True, exclude_none=True)
    servers = [one.name for one in database_servers if not one.placement.managed]
    usual = {
        "host": hosts[0].name if hosts else "",
        "database": next(iter(servers), database_servers[0].name if database_servers else ""),
    }
    found = {key: given.get(key) or by_default(key, services.kinds_of(key)[0], usual) for key in wanted}
    return type(services).model_validate(found)


def places_of(model: type[Service]) -> tuple[str, ...]:
    """Where a service may be: the `where` of each placement that its settings know. None for what is a database."""
    return tuple(tag_of(one) for one in _kinds(model))


def by_default(key: str, model: type[Service], usual: Mapping[str, str]) -> dict[str, Any]:
    """A service of which nothing is said that has a default: on the usual host with the usual database, at the name in
    the zone that is its key.
    """
    given: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if field.is_required():
            choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
            given[str(field.alias)] = choices[0] if choices else usual.get(name, key)
    if "placement" in given:
        where = min(_kinds(model), key=lambda one: one.preference)
        needed = (name for name, field in where.model_fields.items() if field.is_required() and name != "where")
        given["placement"] = {"where": tag_of(where), **{name: usual[name] for name in needed}}
    return given


def _kinds(model: type[Service]) -> tuple[type[Place], ...]:
    field = model.model_fields.get("placement")
    return accepted(field) if field else ()
