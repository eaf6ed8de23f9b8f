"""A secret of a platform: for what, of which shape, and where it is in the keyring.

Which of them an environment calls for is in settings.expected: that asks the services, and the services name secrets.

They are never in a stack's file and never made here: what must be the same after a rebuild can't live in a state that
may be lost. Each leaves this package as an Output that Pulumi keeps secret from end to end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from settings.parts import camel
from settings.shapes import ACCOUNT_SHAPES, AccountKind, Shape

if TYPE_CHECKING:
    from pulumi import Output

__all__ = [
    "OF_SERVICES",
    "PLATFORM_SECRETS",
    "SHAPES",
    "SIGNING_SECRETS",
    "ExpectedSecret",
    "Kind",
    "Secret",
    "SecretOutputs",
    "Shape",
    "entry_of",
]

Kind = Literal["password", "mixed_password", "hex_256", "cloudflare_token", "openssh_private_key"] | AccountKind

OF_SERVICES = "of_services"
"""The field of SecretOutputs that holds what services, accounts and calls need."""

SHAPES: Mapping[Kind, Shape] = {
    # Letters and digits only: it is also a part of URLs, of configuration files and of shell words.
    "password": Shape(
        re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9]{20,100}"),
        "not 20 to 100 letters and digits, with a small and a capital letter and a digit",
        "./smos keys generate makes one",
    ),
    # Where the vendor demands a special character (Chatwoot: config/initializers/secure_password.rb).
    "mixed_password": Shape(
        re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?=.*[-_+=])[A-Za-z0-9_+=-]{20,100}"),
        "not 20 to 100 letters, digits and - _ + =, with one of each kind",
        "./smos keys generate makes one",
        sample="Aa1_",
    ),
    # 256 bits: what Metabase demands of the key that signs (src/metabase/embedding/settings.clj).
    "hex_256": Shape(re.compile(r"[0-9a-f]{64}"), "not 64 hexadecimal digits", "./smos keys generate makes one"),
    "cloudflare_token": Shape(
        re.compile(r"[A-Za-z0-9_-]{40,80}"),
        "not an API token of Cloudflare",
        "create one at https://dash.cloudflare.com/profile/api-tokens (not the global API key)",
    ),
    "openssh_private_key": Shape(
        re.compile("-----BEGIN OPENSSH PRIVATE KEY-----\n.+\n-----END OPENSSH PRIVATE KEY-----\n?", re.DOTALL),
        "not an OpenSSH private key in PEM",
        "./smos keys generate makes one; or ssh-keygen -t ed25519 -N '' -f KEY, and the whole content of KEY",
    ),
    **{kind: shape for kind, shape in ACCOUNT_SHAPES.items()},
}


@dataclass(frozen=True, kw_only=True)
class SecretOutputs:
    """The secrets in the running program: each an Output that stays secret."""

    database_admin_passwords: Mapping[str, Output[str]]
    database_provisioner_passwords: Mapping[str, Output[str]]
    database_wal_passwords: Mapping[str, Output[str]]
    redis_passwords: Mapping[str, Output[str]]
    cloudflare_api_token: Output[str] | None = None
    cloudflare_dns_token: Output[str] | None = None
    host_private_keys: Mapping[str, Output[str]]
    of_services: Mapping[str, Output[str]]
    """What the services that run call for, by the secret's name."""


@dataclass(frozen=True)
class Secret:
    """One secret, or one for each server, host or user of Redis; or one that a service calls for."""

    name: str
    """The field of SecretOutputs, if the program gets it; in camel case also a part of the entry's path."""
    scope: Literal["shared", "external", "stack"]
    """The same for all environments; the same and made by a vendor; each environment its own."""
    kind: Kind
    purpose: str
    each: Literal[
        "",
        "database_servers",
        "streamed_servers",
        "remote_hosts",
        "redis_users",
        "backup_stores",
        "backup_stores_with_s3",
    ] = ""
    only_with: Literal["", "cloudflare"] = ""
    """The part of the settings without which nobody calls for it."""


PLATFORM_SECRETS = (
    Secret("restic_password", "shared", "password", "Opens the backups; losing it loses all of them"),
    Secret("state_passphrase", "shared", "password", "Opens the secrets in Pulumi's state"),
    Secret("database_admin_passwords", "stack", "password", "Of a database server's superuser", "database_servers"),
    Secret(
        "database_provisioner_passwords",
        "stack",
        "password",
        "Of the role that creates tenants' databases on a database server",
        "database_servers",
    ),
    Secret(
        "database_wal_passwords",
        "stack",
        "password",
        "Of the role that streams a database server's write-ahead log and copies it whole",
        "streamed_servers",
    ),
    Secret("redis_passwords", "stack", "password", "Of a user of Redis", "redis_users"),
    Secret(
        "host_private_keys", "stack", "openssh_private_key", "The SSH key with which a host is prepared", "remote_hosts"
    ),
    Secret(
        "backup_store_access_key_ids",
        "external",
        "s3_access_key_id",
        "With which backups are written to a store that speaks S3",
        "backup_stores_with_s3",
    ),
    Secret(
        "backup_store_secret_keys",
        "external",
        "s3_secret_access_key",
        "Of that access key; of a storage account, its key or a SAS token",
        "backup_stores",
    ),
    Secret(
        "cloudflare_api_token",
        "external",
        "cloudflare_token",
        "For records, settings and origin certificates: DNS:Edit, Zone Settings:Edit, SSL and Certificates:Edit",
        only_with="cloudflare",
    ),
    Secret(
        "cloudflare_dns_token",
        "external",
        "cloudflare_token",
        "For Traefik's certificate on the hosts: Zone:Read and DNS:Edit, nothing else",
        only_with="cloudflare",
    ),
)

SIGNING_SECRETS = (
    Secret(
        "archive_signing_key", "shared", "hex_256", "Signs tenants' archives; with another one older ones are strange"
    ),
    Secret("proof_signing_key", "shared", "hex_256", "Signs proofs of what was done"),
    Secret("review_signing_key", "shared", "hex_256", "Signs reviews of changes"),
)
"""One a purpose: what was signed for one counts for no other."""


@dataclass(frozen=True)
class ExpectedSecret:
    """A secret that the settings call for: where in the keyring, what it is for, and of which kind."""

    entry: str
    """Its path in the keyring."""
    purpose: str
    kind: Kind
    name: str
    """The field of SecretOutputs; not every secret is one."""
    key: str = ""
    """Of which server, host or user."""

    @property
    def external(self) -> bool:
        """Whether a vendor makes it, so that it can't be generated."""
        return self.entry.startswith("external/")


def entry_of(secret: Secret, stack: str, *, alone: bool = False) -> str:
    """Where in the keyring a secret is, or the folder of one that each server or host has. `alone`: of an environment
    that no other can stand in for, so that it shares no key with them.
    """
    own = secret.scope == "stack" or (alone and secret.scope == "shared")
    return f"{stack if own else secret.scope}/{camel(secret.name)}"
