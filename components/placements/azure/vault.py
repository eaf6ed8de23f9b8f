"""The Key Vault, and the identity with which apps read their secrets from it. It grants reading, nothing
else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_azure_native import authorization, keyvault, managedidentity

from components.secrecy import secret
from settings.naming import Names

__all__ = ["SecretVault", "SecretVaultArgs"]

KEY_VAULT_SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"


@dataclass(frozen=True, kw_only=True)
class SecretVaultArgs:
    """Where the vault is, and whether it may be deleted."""

    names: Names
    resource_group: Input[str]
    location: str
    subscription_id: str
    tenant_id: str
    protect: bool
    tags: Mapping[str, str]


class SecretVault(ComponentResource):
    """A vault whose secrets the identity may read."""

    identity_id: Output[str]

    def __init__(self, name: str, args: SecretVaultArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:azure:SecretVault", name, None, opts)
        self._args = args
        self._vault = keyvault.Vault(
            f"{name}-vault",
            vault_name=args.names.key_vault(),
            resource_group_name=args.resource_group,
            location=args.location,
            properties=keyvault.VaultPropertiesArgs(
                tenant_id=args.tenant_id,
                sku=keyvault.SkuArgs(family="A", name=keyvault.SkuName.STANDARD),
                enable_rbac_authorization=True,
                # A deleted vault can be brought back for 90 days, by nobody purged before.
                enable_purge_protection=True,
                enable_soft_delete=True,
                soft_delete_retention_in_days=90,
            ),
            tags=args.tags,
            opts=ResourceOptions(parent=self, protect=args.protect),
        )
        identity = managedidentity.UserAssignedIdentity(
            f"{name}-reader",
            resource_name_=args.names.identity("apps"),
            resource_group_name=args.resource_group,
            location=args.location,
            tags=args.tags,
            opts=ResourceOptions(parent=self),
        )
        definitions = f"/subscriptions/{args.subscription_id}/providers/Microsoft.Authorization/roleDefinitions"
        self.may_read: Resource = authorization.RoleAssignment(
            f"{name}-reader-may-read",
            role_assignment_name=args.names.role_assignment("apps", "key-vault-secrets-user"),
            principal_id=identity.principal_id,
            principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
            role_definition_id=f"{definitions}/{KEY_VAULT_SECRETS_USER}",
            scope=self._vault.id,
            # Its name is fixed, so the old one must go before a new one can be.
            opts=ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.identity_id = identity.id
        self.register_outputs({"identity_id": self.identity_id})

    def store(self, name: str, secret_name: str, value: Input[str], parent: Resource) -> Output[str]:
        """Keep a secret; answers the address of this very version, another one with each value.

        An app that refers to the secret without its version learns of a new value at some time, or never.
        """
        held = keyvault.Secret(
            name,
            secret_name=secret_name,
            resource_group_name=self._args.resource_group,
            vault_name=self._vault.name,
            properties=keyvault.SecretPropertiesArgs(value=secret(value)),
            tags=self._args.tags,
            opts=ResourceOptions(parent=parent),
        )
        address: Output[str] = held.properties.apply(lambda properties: properties.secret_uri_with_version)
        return address
