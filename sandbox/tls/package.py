"""The tls provider: keys and certificates, made here with the same algorithms and kept in Pulumi's state alone."""

from __future__ import annotations

from sandbox.core.kinds import Package, functions_of, types_of
from sandbox.core.rules import Forbidden
from sandbox.tls import types
from sandbox.tls.types.keys import PROVIDER

__all__ = ["PACKAGE"]

PACKAGE = Package(
    name="tls",
    types=types_of(types),
    functions=functions_of(types),
    config=(
        Forbidden(
            path="proxy",
            says="is not simulated: nothing is fetched",
            source=f"{PROVIDER}/provider.go",
        ),
    ),
)
