"""The simulated vendors: the one place that lists them. A vendor is a folder of that name."""

from __future__ import annotations

import importlib

from sandbox.core.kinds import Package

__all__ = ["PACKAGES", "packages"]

PACKAGES = ("azure", "cloudflare", "command", "docker", "postgresql", "random", "tls", "vault")
"""Folders with resource types of their own."""


def packages() -> tuple[Package, ...]:
    """Every simulated provider."""
    return tuple(importlib.import_module(f"sandbox.{name}.package").PACKAGE for name in PACKAGES)
