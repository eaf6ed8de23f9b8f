"""The command provider: commands and files on simulated hosts, over SSH."""

from __future__ import annotations

from sandbox.core.found import types_in
from sandbox.core.kinds import Package

__all__ = ["PACKAGE"]

PACKAGE = Package(name="command", types=types_in("command"))
