"""Where a resource of each type bears the mark of its intent, and why the others bear none.

A mark must be readable at the vendor by whoever may read the thing, must not change what the thing does, and must be
writable in the very request that creates it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["AGAIN", "KEY", "MARKS", "NO_MARK", "STATE", "Mark", "mark_of"]

KEY = "smarteros-intent"
"""The tag's or label's name."""
_IN_TEXT = re.compile(r" ?\[intent ([0-9a-f]{24})\]$")
Kind = Literal["map", "list", "text"]


@dataclass(frozen=True)
class Mark:
    """How one type bears it."""

    kind: Kind
    """map: an entry of a map. list: an item of a list of labels. text: at the end of a text for people."""
    property: str
    key: str = KEY

    def put(self, inputs: Mapping[str, Any], nonce: str, lift: Callable[[Any, Callable[[Any], Any]], Any]) -> Any:
        """The property with the mark on it. `lift` applies a function to a value that may be an output."""
        given = inputs.get(self.property)
        if self.kind == "map":
            return lift(given, lambda value: {**(value or {}), self.key: nonce})
        if self.kind == "list":
            return lift(given, lambda value: [*(value or []), {"label": self.key, "value": nonce}])
        return lift(given, lambda value: f"{value or ''} [intent {nonce}]".lstrip())

    def read(self, properties: Mapping[str, Any]) -> str | None:
        """The mark that a thing bears, by its properties; None when there is none."""
        value = properties.get(self.property)
        if self.kind == "map":
            return str(value[self.key]) if isinstance(value, Mapping) and value.get(self.key) else None
        if self.kind == "list":
            items = [one for one in value or [] if isinstance(one, Mapping)] if isinstance(value, list) else []
            return next((str(one.get("value")) for one in items if one.get("label") == self.key), None)
        found = _IN_TEXT.search(value) if isinstance(value, str) else None
        return found[1] if found else None


_TAGS = Mark("map", "tags")
# Names of blob metadata are identifiers of C#: no hyphen (Azure's documentation of containers' metadata).
_METADATA = Mark("map", "metadata", KEY.replace("-", "_"))
_LABELS = Mark("list", "labels")

MARKS: Mapping[str, Mark] = {
    "azure-native:resources:ResourceGroup": _TAGS,
    "azure-native:operationalinsights:Workspace": _TAGS,
    "azure-native:network:VirtualNetwork": _TAGS,
    "azure-native:network:NetworkSecurityGroup": _TAGS,
    "azure-native:network:PrivateEndpoint": _TAGS,
    "azure-native:privatedns:PrivateZone": _TAGS,
    "azure-native:privatedns:VirtualNetworkLink": _TAGS,
    "azure-native:managedidentity:UserAssignedIdentity": _TAGS,
    "azure-native:authorization:RoleAssignment": Mark("text", "description"),
    "azure-native:keyvault:Vault": _TAGS,
    "azure-native:keyvault:Secret": _TAGS,
    "azure-native:storage:StorageAccount": _TAGS,
    "azure-native:storage:BlobContainer": _METADATA,
    "azure-native:storage:FileShare": _METADATA,
    "azure-native:dbforpostgresql:Server": _TAGS,
    "azure-native:redisenterprise:RedisEnterprise": _TAGS,
    "azure-native:app:ManagedEnvironment": _TAGS,
    "azure-native:app:Certificate": _TAGS,
    "azure-native:app:ManagedCertificate": _TAGS,
    "azure-native:app:ContainerApp": _TAGS,
    "cloudflare:index/dnsRecord:DnsRecord": Mark("text", "comment"),
    "docker:index/container:Container": _LABELS,
    "docker:index/network:Network": _LABELS,
    "docker:index/volume:Volume": _LABELS,
    "vault:index/mount:Mount": Mark("text", "description"),
    "vault:index/authBackend:AuthBackend": Mark("text", "description"),
    "vault:index/audit:Audit": Mark("text", "description"),
}

_PART = "a part of another resource: the vendor's type has no tags, labels or text of its own"
_SQL = "the provider sets no COMMENT, and what it sets has a meaning to the server"
AGAIN = "made again without harm: the vendor takes the same request as an update of what is there"
STATE = "lives in Pulumi's state alone: what was lost with the answer protects nothing yet"

NO_MARK: Mapping[str, str] = {
    "azure-native:network:Subnet": _PART,
    "azure-native:network:PrivateDnsZoneGroup": _PART,
    "azure-native:storage:BlobServiceProperties": AGAIN,
    "azure-native:storage:ManagementPolicy": _PART,
    "azure-native:dbforpostgresql:Configuration": AGAIN,
    "azure-native:dbforpostgresql:Database": _PART,
    "azure-native:dbforpostgresql:FirewallRule": _PART,
    "azure-native:redisenterprise:Database": _PART,
    "azure-native:app:ManagedEnvironmentsStorage": _PART,
    "cloudflare:index/zoneSetting:ZoneSetting": AGAIN,
    "cloudflare:index/originCaCertificate:OriginCaCertificate": "its request to sign is its mark: of a key of our own",
    "cloudflare:index/r2Bucket:R2Bucket": "a bucket has no tags",
    "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle": AGAIN,
    "cloudflare:index/r2BucketLock:R2BucketLock": AGAIN,
    "cloudflare:index/customHostname:CustomHostname": "its metadata are sold to few plans only",
    "cloudflare:index/customHostnameFallbackOrigin:CustomHostnameFallbackOrigin": AGAIN,
    "command:remote:Command": AGAIN,
    "command:remote:CopyToRemote": AGAIN,
    "docker:index/remoteImage:RemoteImage": AGAIN,
    "postgresql:index/role:Role": _SQL,
    "postgresql:index/database:Database": _SQL,
    "postgresql:index/schema:Schema": _SQL,
    "postgresql:index/extension:Extension": AGAIN,
    "postgresql:index/grant:Grant": AGAIN,
    "postgresql:index/grantRole:GrantRole": AGAIN,
    "postgresql:index/defaultPrivileges:DefaultPrivileges": AGAIN,
    "vault:index/policy:Policy": AGAIN,
    "vault:appRole/authBackendRole:AuthBackendRole": AGAIN,
    "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId": "a new one each time; the old one ends by itself",
    "vault:kv/secretV2:SecretV2": AGAIN,
    "vault:transit/secretBackendKey:SecretBackendKey": AGAIN,
    "smarteros-apps:redis:AclUser": AGAIN,
    "smarteros-apps:postgres:Migrations": AGAIN,
    "smarteros-apps:postgres:Sessions": AGAIN,
    **{
        f"random:index/random{name}:Random{name}": STATE
        for name in ("Password", "String", "Id", "Bytes", "Uuid", "Integer")
    },
    **{
        f"tls:index/{name[0].lower()}{name[1:]}:{name}": STATE
        for name in ("PrivateKey", "CertRequest", "SelfSignedCert")
    },
}
"""Token → why it bears none."""


def mark_of(token: str) -> Mark | None:
    """How a type bears its mark; None when it bears none."""
    return MARKS.get(token)
