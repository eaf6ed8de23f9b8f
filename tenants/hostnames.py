"""The names in the zone that the platform's own services have, in every environment: no tenant may have one."""

from __future__ import annotations

import contextlib
from pathlib import Path

from settings import Settings, SettingsError, load_files

__all__ = ["hostnames"]


def hostnames(folder: Path, settings: Settings) -> dict[str, str]:
    """First label → the file in which it stands: of these settings, and of the other environments in the folder."""
    found: dict[str, str] = {}
    for file in sorted(folder.glob("Pulumi.*.yaml")):
        stack = file.name.split(".")[1]
        with contextlib.suppress(SettingsError):  # its own run says what is wrong with it
            theirs = settings if stack == settings.stack else load_files(stack, folder)
            for name in _of(theirs):
                found.setdefault(name.partition(".")[0], file.name)
    return found


def _of(settings: Settings) -> list[str]:
    services = (getattr(settings.services, key) for key in type(settings.services).model_fields)
    names = (getattr(service, "hostname", None) for service in services)
    return [name for name in names if name and name != "*"]
