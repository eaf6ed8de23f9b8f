"""The simulated vendors: the one place that lists them. A vendor is a folder of that name.

It has resource types where it has `package.py` (PACKAGE), and something that runs or answers beside Pulumi where it has
`backend.py` (BACKEND). The order is that in which the backends are asked and told: what stands behind a container comes
before Docker, which publishes its ports, and Cloudflare's edge, which leads visitors to all of them, comes last.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.core.backend import Backend, Site
from sandbox.core.kinds import Package

__all__ = ["VENDORS", "backends", "folders", "packages"]

VENDORS = (
    *("azure", "postgresql", "vault", "redis", "machines", "docker", "cloudflare"),
    *("migrations", "apps", "object_store", "command", "random", "tls"),
)


def packages() -> tuple[Package, ...]:
    """Every simulated provider, by name."""
    found: Iterable[Package] = _offered("package", "PACKAGE").values()
    return tuple(sorted(found, key=lambda package: package.name))


def folders() -> dict[str, str]:
    """Name of the provider → the vendor's folder: azure-native → azure."""
    return {package.name: vendor for vendor, package in _offered("package", "PACKAGE").items()}


def backends() -> list[Callable[[Site], Backend]]:
    """What makes each vendor's backend, in the order of the list."""
    return list(_offered("backend", "BACKEND").values())


def _offered(module: str, name: str) -> dict[str, Any]:
    places = {vendor: f"sandbox.{vendor}.{module}" for vendor in VENDORS}
    there = {vendor: place for vendor, place in places.items() if importlib.util.find_spec(place)}
    return {vendor: getattr(importlib.import_module(place), name) for vendor, place in there.items()}
