"""The simulated command provider: its types. It has no configuration of its own."""

from __future__ import annotations

from sandbox.command import types
from sandbox.core.kinds import Package, functions_of, types_of

__all__ = ["PACKAGE"]

PACKAGE = Package(name="command", types=types_of(types), functions=functions_of(types))
