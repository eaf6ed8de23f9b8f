"""Azure Key Vault: secrets as ARM writes them, each writing a version of its own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sandbox.azure.names import (
    arm_id,
    arm_outputs,
    known,
    random_suffix,
    text,
)
from sandbox.azure.rules import in_group, in_parent, tagged
from sandbox.azure.types.containerapp.secrets import VAULT
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import (
    Length,
    Must,
    Pattern,
    Required,
)
from sandbox.core.values import Props, Value

__all__ = ["SECRET_TYPE", "TYPES"]

SECRET = "azure-native:keyvault:Secret"
_SPEC = "Azure/azure-rest-api-specs specification/keyvault/resource-manager/Microsoft.KeyVault/stable/2024-11-01/"
_LARGEST = 25_600


def _secret_properties(one: Computing) -> Mapping[str, Any]:
    """Every writing makes a version, the same value's too, under a name that says nothing of it."""
    given = known(one.inputs, "properties") or {}
    uri = f"https://{text(one.inputs, 'vaultName')}.vault.azure.net/secrets/{one.name}"
    return {
        **{key: item for key, item in given.items() if key != "value"},
        "attributes": {"enabled": True, **(known(given, "attributes") or {})},
        "secretUri": uri,
        "secretUriWithVersion": f"{uri}/{secrets.token_hex(16)}",
    }


def _in_order(value: Value, _: Props) -> bool:
    start, end = known(value, "notBefore"), known(value, "expires")
    return start is None or end is None or start < end


SECRET_TYPE = ResourceType(
    token=SECRET,
    about="A secret in a Key Vault.",
    sources=(_SPEC + "secrets.json",),
    id=arm_id("Microsoft.KeyVault", "vaults", "{vaultName}", "secrets", "{secretName}"),
    named_by="secretName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "vaultName",
        "secretName",
        "tags",
        "properties.value",
        "properties.contentType",
        "properties.attributes",
    ),
    rules=(
        in_group(),
        in_parent("vaultName", "Vault", "Microsoft.KeyVault", "vaults", "{vaultName}", token=VAULT),
        tagged(15),
        Pattern(
            path="secretName",
            regex=r"[A-Za-z0-9-]{1,127}",
            says="must have 1 to 127 letters, digits and '-'",
            source=_SPEC + "secrets.json",
        ),
        Required(
            path="properties.value",
            says="is required to write a secret",
            source=_SPEC + "secrets.json",
        ),
        Must(
            path="properties.value",
            name="size:properties.value",
            test=lambda value, _: len(str(value).encode()) <= _LARGEST,
            says="a secret has at most 25 kB",
            source="https://learn.microsoft.com/azure/key-vault/secrets/about-secrets",
        ),
        Length(
            path="properties.contentType",
            most=255,
            says="at most 255 characters",
            source="https://learn.microsoft.com/azure/key-vault/secrets/about-secrets",
        ),
        Must(
            path="properties.attributes",
            name="order:attributes",
            test=_in_order,
            says="notBefore must be before expires",
            source="https://learn.microsoft.com/azure/key-vault/secrets/about-secrets",
        ),
    ),
    computed=arm_outputs("Microsoft.KeyVault/vaults/secrets", "2024-11-01", properties=_secret_properties),
    write_only=("properties.value",),
    replaces=("resourceGroupName", "vaultName", "secretName"),
    not_checked=("ARM cannot delete a secret: the real one stays in the vault until the vault is deleted.",),
)

TYPES = (SECRET_TYPE,)
