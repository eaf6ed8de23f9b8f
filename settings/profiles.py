"""Profiles: which services must run; and what a stack would be with another one, to ask whether that fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic.fields import FieldInfo

from settings.findings import Finding
from settings.parts import AzurePostgres, DatabaseServer, Host
from settings.services import Services

__all__ = ["PROFILES", "Profile", "profile_is_whole", "with_profile"]

Profile = Literal["core", "full", "custom"]

_CORE = ("n8n", "redis", "traefik", "vault", "knowledge", "storage", "tenants")
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
    profile: str, hosts: Sequence[Host], database_servers: Sequence[DatabaseServer], services: Services
) -> Services:
    """The services of a profile: as the stack has them, else as they are by default on its first host, with their
    databases on that host's server.
    """
    told = services.model_dump(by_alias=True, exclude_none=True)
    here = hosts[0].name if hosts else "vps"
    servers = [one.name for one in database_servers if not isinstance(one.placement, AzurePostgres)]
    usual = {
        "placement": {"where": "docker", "host": here},
        "database": next(iter(servers), database_servers[0].name if database_servers else here),
    }
    return Services.model_validate(
        {
            key: told[key] if key in told else _by_default(key, usual)
            for key in PROFILES[profile]
            if key in Services.model_fields
        }
    )


def _by_default(key: str, usual: Mapping[str, Any]) -> dict[str, Any]:
    """What has no default is the usual, and its name in the zone its key."""
    fields = _fields(Services.model_fields[key])
    return {str(field.alias): usual.get(name, key) for name, field in fields.items() if field.is_required()}


def _fields(field: FieldInfo) -> Mapping[str, FieldInfo]:
    """The fields of a service: its key is optional, so its type is a union with None."""
    models = [one for one in getattr(field.annotation, "__args__", ()) if hasattr(one, "model_fields")]
    found: Mapping[str, FieldInfo] = models[0].model_fields
    return found
