"""The random provider. It has no configuration: everything is drawn on this machine."""

from __future__ import annotations

from sandbox.core.found import types_in
from sandbox.core.kinds import Package

__all__ = ["PACKAGE"]

PACKAGE = Package(name="random", types=types_in("random"))
