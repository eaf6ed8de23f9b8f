"""What the services of a system declare that they must be asked after a restore."""

from __future__ import annotations

import typing
from collections.abc import Iterator

from settings.services.recovery import FilesThere, Recovery
from settings.services.service import Service
from settings.systems import SYSTEMS

__all__ = ["recovery_of", "service_types", "volumes_asked_for"]


def recovery_of(system: str, service: str) -> Recovery | None:
    """What a service declares; nothing of one that is not known, or keeps nothing."""
    for kind in service_types(system, service):
        found = kind.recovery
        if isinstance(found, Recovery):
            return found
    return None


def service_types(system: str, key: str) -> Iterator[type[Service]]:
    """The classes of what may stand under a key of smarteros:services."""
    services = SYSTEMS[system].services
    field = services.model_fields.get(key)
    waiting: list[typing.Any] = [field.annotation] if field else []
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, type) and issubclass(one, Service):
            yield one
        waiting.extend(typing.get_args(one))


def volumes_asked_for() -> tuple[str, ...]:
    """The ends of the names of volumes whose files some service of any system asks for."""
    found = {
        check.volume
        for name, system in SYSTEMS.items()
        for key in system.services.model_fields
        for kind in service_types(name, key)
        if isinstance(kind.recovery, Recovery)
        for check in kind.recovery.checks
        if isinstance(check, FilesThere)
    }
    return tuple(sorted(found))
