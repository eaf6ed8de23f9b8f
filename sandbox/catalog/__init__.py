"""The rules tables: one module an area of a vendor, assembled into one package a provider."""

from __future__ import annotations

import importlib

from sandbox.kinds import Package

PACKAGES = ("azure", "cloudflare", "command", "docker", "postgresql", "random", "tls", "vault")


def packages() -> tuple[Package, ...]:
    """Every simulated provider."""
    return tuple(importlib.import_module(f"sandbox.catalog.{name}").PACKAGE for name in PACKAGES)
