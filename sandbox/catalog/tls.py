"""The tls provider: keys and certificates, made here with the same algorithms and kept in Pulumi's state alone."""

from __future__ import annotations

from sandbox.catalog import tls_certificates, tls_keys
from sandbox.kinds import Package
from sandbox.rules import Forbidden

__all__ = ["PACKAGE"]

PACKAGE = Package(
    name="tls",
    types=(*tls_keys.TYPES, *tls_certificates.TYPES),
    config=(
        Forbidden(
            path="proxy",
            says="is not simulated: nothing is fetched",
            source=f"{tls_keys.PROVIDER}/provider.go",
        ),
    ),
)
