"""The simulated PostgreSQL provider: all that it does, it does in a real server of this machine."""

from __future__ import annotations

from sandbox.core.kinds import Package, functions_of, types_of
from sandbox.core.rules import Forbidden, Must, OneOf, Required
from sandbox.postgresql import types
from sandbox.postgresql.connection import LOOPBACK, PROVIDER

__all__ = ["PACKAGE"]

PROVIDER_GO = f"{PROVIDER}/provider.go"

PACKAGE = Package(
    name="postgresql",
    types=types_of(types),
    functions=functions_of(types),
    config=(
        Required(
            path="host",
            says="is required: 127.0.0.1, where an SSH forward to the database begins",
            source=PROVIDER_GO,
        ),
        Must(
            path="host",
            test=lambda value, _: value in LOOPBACK,
            says="must be 127.0.0.1: databases are reached through an SSH forward, and a simulated run"
            " never speaks to a real host",
            source="",
        ),
        Must(
            path="port",
            test=lambda value, _: str(value).removesuffix(".0").isdigit() and 0 < float(value) < 65536,
            says="must be a port, 1 to 65535",
            source=PROVIDER_GO,
        ),
        Required(path="username", says="is required", source=PROVIDER_GO),
        Required(path="password", says="is required", source=PROVIDER_GO),
        OneOf(
            path="sslmode",
            values=("disable", "require", "verify-ca", "verify-full"),
            says="must be disable, require, verify-ca or verify-full",
            source="https://pkg.go.dev/github.com/lib/pq",
        ),
        OneOf(path="scheme", values=("postgres",), says="is not simulated: postgres is", source=PROVIDER_GO),
        *(
            Forbidden(path=name, says="is not simulated: use username and password", source=PROVIDER_GO)
            for name in ("awsRdsIamAuth", "azureIdentityAuth", "azureTenantId", "clientcert")
        ),
    ),
)
