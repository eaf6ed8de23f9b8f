"""The tls provider: keys and certificates, made here with the same algorithms and kept in Pulumi's state alone."""

from __future__ import annotations

from sandbox.core.found import types_in
from sandbox.core.kinds import Package
from sandbox.core.rules import Forbidden
from sandbox.tls.types import keys as tls_keys

__all__ = ["PACKAGE"]

PACKAGE = Package(
    name="tls",
    types=types_in("tls"),
    config=(
        Forbidden(
            path="proxy",
            says="is not simulated: nothing is fetched",
            source=f"{tls_keys.PROVIDER}/provider.go",
        ),
    ),
)
