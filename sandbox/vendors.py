"""The simulated vendors: the one place that lists them. A vendor is a folder of that name."""

from __future__ import annotations

import importlib

from sandbox.core.kinds import Package

__all__ = ["PACKAGES", "folders", "packages"]

PACKAGES = ("azure", "cloudflare", "command", "docker", "postgresql", "random", "tls", "vault")
"""Folders with resource types of their own."""


def packages() -> tuple[Package, ...]:
    """Every simulated provider."""
    return tuple(importlib.import_module(f"sandbox.{name}.package").PACKAGE for name in PACKAGES)


def folders() -> dict[str, str]:
    """Name of the provider → the vendor's folder: azure-native → azure."""
    return dict(zip((one.name for one in packages()), PACKAGES, strict=True))
