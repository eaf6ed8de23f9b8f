"""The simulated random provider: its types. It has no configuration of its own."""

from __future__ import annotations

from sandbox.core.kinds import Package, functions_of, types_of
from sandbox.random import types

__all__ = ["PACKAGE"]

PACKAGE = Package(name="random", types=types_of(types), functions=functions_of(types))
