"""Azure Key Vault: vaults. Their secrets are in sandbox.azure.types.keyvault_secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.azure.names import (
    GUID,
    SUBNET,
    arm_id,
    arm_outputs,
    items,
    known,
    placed,
    placed_again,
    random_suffix,
    text,
)
from sandbox.azure.rules import EachNeeds, apart, in_group, located, public_address, tagged
from sandbox.azure.types.containerapp.secrets import VAULT
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import (
    Between,
    Must,
    NeedsInCloud,
    OneOf,
    Pattern,
    Refers,
    Required,
    Unchangeable,
    Unique,
    UniqueItems,
)
from sandbox.core.values import UNKNOWN, Props, Value, is_set, lookup

__all__ = ["TYPES"]

_SPEC = "Azure/azure-rest-api-specs specification/keyvault/resource-manager/Microsoft.KeyVault/stable/2024-11-01/"
_SOFT = "https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview"
_FIREWALL = "https://learn.microsoft.com/azure/key-vault/general/network-security"
_SDK = "pulumi_azure_native 3.29.0 keyvault.VaultPropertiesArgs"


def _needs_policies(inputs: Props) -> bool:
    return known(inputs, "properties.enableRbacAuthorization") is not True and (
        lookup(inputs, "properties.enableRbacAuthorization") is not UNKNOWN
    )


def _same_tenant(value: Value, inputs: Props) -> bool:
    tenant = text(inputs, "properties.tenantId")
    return not tenant or str(value).lower() == tenant.lower()


def _policies_apart(value: Value, _: Props) -> bool | str:
    seen: set[tuple[str, str]] = set()
    for one in value:
        identity = (text(one, "objectId").lower(), text(one, "applicationId").lower())
        if identity in seen:
            return f"{identity[0]} twice"
        seen.add(identity)
    return True


def _own_tenant(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    given, own = text(inputs, "properties.tenantId").lower(), text(config, "tenantId").lower()
    if not re.fullmatch(GUID, given):
        return None
    return f"{given} is not the tenant of the subscription ({own})" if given and own and given != own else None


def _with_endpoint(value: Value, inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(value, "id"))
    if record is None or known(value, "ignoreMissingVnetServiceEndpoint") is True:
        return None
    services = [text(one, "service").lower() for one in items(record.inputs, "serviceEndpoints")]
    return None if "microsoft.keyvault" in services else f"{record.id} has no service endpoint Microsoft.KeyVault"


def _vault_properties(one: Computing) -> Mapping[str, Any]:
    return {
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": 90,
        **(known(one.inputs, "properties") or {}),
        "vaultUri": f"https://{one.name}.vault.azure.net/",
        "provisioningState": "Succeeded",
    }


VAULT_TYPE = ResourceType(
    token=VAULT,
    about="A Key Vault: secrets, keys and certificates, with who may read them.",
    sources=(
        _SPEC + "keyvault.json",
        "https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates",
    ),
    id=arm_id("Microsoft.KeyVault", "vaults", "{vaultName}"),
    named_by="vaultName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "vaultName",
        "location",
        "tags",
        "properties.accessPolicies",
        "properties.enablePurgeProtection",
        "properties.enableRbacAuthorization",
        "properties.enableSoftDelete",
        "properties.enabledForDeployment",
        "properties.enabledForDiskEncryption",
        "properties.enabledForTemplateDeployment",
        "properties.networkAcls",
        "properties.publicNetworkAccess",
        "properties.sku",
        "properties.softDeleteRetentionInDays",
        "properties.tenantId",
    ),
    rules=(
        in_group(),
        located(),
        tagged(),
        Pattern(
            path="vaultName",
            regex=r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]",
            code="VaultNameNotValid",
            says=(
                "must have 3 to 24 letters, digits and single '-', start with a letter and end with a letter or digit"
            ),
            source=_SPEC + "keyvault.json",
        ),
        Unique(
            path="vaultName",
            token=VAULT,
            code="VaultAlreadyExists",
            says="is taken: vault names are unique over all of Azure, deleted vaults (90 days) included",
            source=_SOFT,
        ),
        Pattern(path="properties.tenantId", regex=GUID, says="must be a tenant's id, a GUID", source=_SDK),
        NeedsInCloud(
            path="properties.tenantId",
            name="own:tenantId",
            test=_own_tenant,
            says="use the tenant of the subscription (getClientConfig)",
            source=_SDK,
        ),
        Must(
            path="properties.enablePurgeProtection",
            name="never-false:enablePurgeProtection",
            code="BadRequest",
            test=lambda value, _: value is not False,
            says=(
                'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection '
                "for a vault is an irreversible action. Leave it out instead"
            ),
            source="https://github.com/Azure/ai-hub/issues/241",
        ),
        Must(
            path="properties.enableSoftDelete",
            test=lambda value, _: value is not False,
            says="soft delete can no longer be turned off; leave it out",
            source=_SOFT,
        ),
        Between(path="properties.softDeleteRetentionInDays", least=7, most=90, source=_SDK),
        Required(
            path="properties.accessPolicies",
            name="required:accessPolicies",
            when=lambda inputs: _needs_policies(inputs) and not is_set(lookup(inputs, "properties.accessPolicies")),
            says="are required (an empty list too) unless enableRbacAuthorization is true",
            source=_SDK,
        ),
        Pattern(
            path="properties.accessPolicies[*].objectId",
            regex=GUID,
            says="must be the object id (a GUID) of a user, group or service principal",
            source=_SDK,
        ),
        Must(
            path="properties.accessPolicies",
            name="once:accessPolicies",
            code="BadRequest",
            test=_policies_apart,
            says="one policy for each identity (objectId with its applicationId): put its permissions together",
            source="https://learn.microsoft.com/azure/key-vault/general/assign-access-policy",
        ),
        Must(
            path="properties.accessPolicies[*].tenantId",
            test=_same_tenant,
            says="must be the vault's own tenantId",
            source=_SDK,
        ),
        Must(
            path="properties.networkAcls.ipRules[*].value",
            test=public_address,
            says="must be a public IPv4 address or range in CIDR notation",
            source=_FIREWALL,
        ),
        apart("properties.networkAcls.ipRules", "value", _FIREWALL),
        UniqueItems(path="properties.networkAcls.virtualNetworkRules", key="id", any_case=True, source=_FIREWALL),
        Refers(path="properties.networkAcls.virtualNetworkRules[*].id", to=(SUBNET,), source=_FIREWALL),
        EachNeeds(
            path="properties.networkAcls.virtualNetworkRules[*]",
            test=_with_endpoint,
            says="add the service endpoint to the subnet, or set ignoreMissingVnetServiceEndpoint",
            source=_FIREWALL,
        ),
        OneOf(
            path="properties.publicNetworkAccess",
            values=("Enabled", "Disabled", "enabled", "disabled"),
            says="must be Enabled or Disabled",
            source=_SDK,
        ),
        Unchangeable(
            path="properties.enablePurgeProtection",
            code="BadRequest",
            test=lambda old, new: old is not True or new is True,
            says="purge protection can be turned on but never off",
            source=_SOFT,
        ),
        Unchangeable(
            path="properties.softDeleteRetentionInDays",
            code="BadRequest",
            test=lambda old, new: new == old,
            says="the retention is chosen at creation and cannot be modified",
            source=_SOFT,
        ),
    ),
    computed=arm_outputs("Microsoft.KeyVault/vaults", "2024-11-01", properties=_vault_properties),
    replaces=("resourceGroupName", "vaultName", "location"),
    on_create=placed,
    on_update=placed_again,
    not_checked=(
        "A deleted vault keeps its name until it is purged; here the name is free at once.",
        "Who may write secrets is not checked: ARM writes them for whoever may deploy.",
    ),
)


TYPES = (VAULT_TYPE,)
