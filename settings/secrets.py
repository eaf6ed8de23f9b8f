"""The secrets of a platform: one JSON object under `smarteros:secrets`, encrypted in the stack's file.

They are supplied, never generated here: what must be the same after a rebuild can't live in a state that
may be lost. Each leaves this package as an Output that Pulumi keeps secret from end to end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from settings.parts import Setting
from settings.problems import fault

if TYPE_CHECKING:
    from pulumi import Output

    from settings.model import Settings

__all__ = ["ExpectedSecret", "SecretOutputs", "Secrets", "expected_secrets"]

Kind = Literal["password", "cloudflare_token", "openssh_private_key"]


def _secret(pattern: str, why: str, mend: str) -> Callable[[SecretStr], SecretStr]:
    compiled = re.compile(pattern, re.DOTALL)

    def check(value: SecretStr) -> SecretStr:
        if not compiled.fullmatch(value.get_secret_value()):
            raise fault(why, mend)
        return value

    return check


# Letters and digits only: it is also a part of URLs, of configuration files and of shell words.
PASSWORD = r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9]{20,100}"  # noqa: S105 - the shape of one, not one
Password = Annotated[
    SecretStr,
    AfterValidator(
        _secret(
            PASSWORD,
            "20 to 100 letters and digits, with a small and a capital letter and a digit",
            "a new one: openssl rand -base64 48 | tr -dc A-Za-z0-9 | head -c 40",
        )
    ),
]
CloudflareToken = Annotated[
    SecretStr,
    AfterValidator(
        _secret(
            "[A-Za-z0-9_-]{40,80}",
            "not an API token of Cloudflare",
            "create one at My Profile > API Tokens (not the global API key)",
        )
    ),
]
PrivateKey = Annotated[
    SecretStr,
    AfterValidator(
        _secret(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n.+\n-----END OPENSSH PRIVATE KEY-----\n?",
            "not an OpenSSH private key in PEM",
            "ssh-keygen -t ed25519 -N '' -f KEY, then the whole content of KEY",
        )
    ),
]


class Secrets(Setting):
    """The shape of the JSON object. `repr` and errors show none of the values."""

    n8n_encryption_key: Password = Field(description="n8n's key; losing it loses every credential stored in n8n")
    database_admin_passwords: dict[str, Password] = Field(description="One for each database server, by its name")
    database_provisioner_passwords: dict[str, Password] = Field(
        description="Of the role that creates tenants' databases, one for each database server"
    )
    redis_password: Password = Field(description="Of Redis")
    cloudflare_api_token: CloudflareToken = Field(
        description="For records, settings and origin certificates: DNS:Edit, Zone Settings:Edit, SSL:Edit"
    )
    cloudflare_dns_token: CloudflareToken = Field(
        description="For Traefik's certificate on the hosts: Zone:Read and DNS:Edit, nothing else"
    )
    host_private_keys: dict[str, PrivateKey] = Field(
        description="The SSH key with which a host is prepared, one for each host, by its name"
    )


@dataclass(frozen=True, kw_only=True)
class SecretOutputs:
    """The same secrets in the running program: each an Output that stays secret."""

    n8n_encryption_key: Output[str]
    database_admin_passwords: Mapping[str, Output[str]]
    database_provisioner_passwords: Mapping[str, Output[str]]
    redis_password: Output[str]
    cloudflare_api_token: Output[str]
    cloudflare_dns_token: Output[str]
    host_private_keys: Mapping[str, Output[str]]


@dataclass(frozen=True)
class ExpectedSecret:
    """A secret that the settings call for: where in the JSON object, what it is for, and of which kind."""

    path: tuple[str, ...]
    purpose: str
    kind: Kind


def expected_secrets(settings: Settings) -> list[ExpectedSecret]:
    """Every secret that a platform with these settings needs; says nothing about their values."""
    servers = [server.name for server in settings.database_servers]
    per_key = {
        "databaseAdminPasswords": servers,
        "databaseProvisionerPasswords": servers,
        "hostPrivateKeys": [host.name for host in settings.hosts],
    }
    found: list[ExpectedSecret] = []
    for field in Secrets.model_fields.values():
        key, purpose = str(field.alias), str(field.description)
        kind: Kind = "password"
        if key.startswith("cloudflare"):
            kind = "cloudflare_token"
        elif key == "hostPrivateKeys":
            kind = "openssh_private_key"
        if key in per_key:
            found += [ExpectedSecret((key, name), purpose, kind) for name in per_key[key]]
        else:
            found.append(ExpectedSecret((key,), purpose, kind))
    return found
