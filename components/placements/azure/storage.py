"""Blobs: versioned, undeletable for a while, never public, never by an account key.

The container of backups can hold blobs that nobody can delete before a day: it is made for that, and whoever backs up
sets the day on each (docs/adr/backups-are-immutable.md). A default for the whole container would keep restic from
removing its own locks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_azure_native import storage

from settings.naming import Names
from settings.services.storage import Backups

__all__ = ["BlobStore", "BlobStoreArgs"]


@dataclass(frozen=True, kw_only=True)
class BlobStoreArgs:
    """Which containers, in how many places, and how long what was deleted is kept."""

    names: Names
    containers: Sequence[str]
    backups: Backups | None
    redundancy: str
    keep_deleted_days: int
    resource_group: Input[str]
    location: str
    protect: bool
    tags: Mapping[str, str]


class BlobStore(ComponentResource):
    """A storage account with its containers."""

    url: Output[str]

    def __init__(self, name: str, args: BlobStoreArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:azure:BlobStore", name, None, opts)
        kept = storage.DeleteRetentionPolicyArgs(enabled=True, days=args.keep_deleted_days)
        account = storage.StorageAccount(
            f"{name}-account",
            account_name=args.names.storage_account(),
            resource_group_name=args.resource_group,
            location=args.location,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=args.redundancy),
            access_tier=storage.AccessTier.HOT,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            enable_https_traffic_only=True,
            allow_blob_public_access=False,
            allow_shared_key_access=False,
            allow_cross_tenant_replication=False,
            default_to_o_auth_authentication=True,
            tags=args.tags,
            opts=ResourceOptions(parent=self, protect=args.protect),
        )
        service = storage.BlobServiceProperties(
            f"{name}-service",
            account_name=account.name,
            blob_services_name="default",
            resource_group_name=args.resource_group,
            is_versioning_enabled=True,
            delete_retention_policy=kept,
            container_delete_retention_policy=kept,
            opts=ResourceOptions(parent=self),
        )
        storage.ManagementPolicy(
            f"{name}-old-versions",
            account_name=account.name,
            management_policy_name="default",
            resource_group_name=args.resource_group,
            policy=_life_cycle(args),
            opts=ResourceOptions(parent=self, depends_on=[service]),
        )
        for container in args.containers:
            storage.BlobContainer(
                f"{name}-{container}",
                container_name=container,
                account_name=account.name,
                resource_group_name=args.resource_group,
                public_access=storage.PublicAccess.NONE,
                immutable_storage_with_versioning=_immutable(container, args.backups),
                opts=ResourceOptions(parent=self, protect=args.protect, depends_on=[service]),
            )
        self.url = Output.concat("https://", account.name, ".blob.core.windows.net")
        self.register_outputs({"url": self.url})


def _immutable(container: str, backups: Backups | None) -> storage.ImmutableStorageWithVersioningArgs | None:
    """Of the container of backups, from its creation on: Azure turns it on for no other, and never off."""
    mine = backups is not None and container == backups.container
    return storage.ImmutableStorageWithVersioningArgs(enabled=True) if mine else None


def _life_cycle(args: BlobStoreArgs) -> storage.ManagementPolicySchemaArgs:
    return storage.ManagementPolicySchemaArgs(
        rules=[_drop_old_versions(args.keep_deleted_days), *_cool_packs(args.backups)]
    )


def _drop_old_versions(days: int) -> storage.ManagementPolicyRuleArgs:
    """Without it every overwritten blob is paid for ever."""
    too_old = storage.DateAfterCreationArgs(days_after_creation_greater_than=days)
    version = storage.ManagementPolicyVersionArgs(delete=too_old)
    return _rule("old-versions", storage.ManagementPolicyActionArgs(version=version), None)


def _cool_packs(backups: Backups | None) -> list[storage.ManagementPolicyRuleArgs]:
    """Packs are written once and read by restores alone; indexes and snapshots are small, and read by every run."""
    if backups is None or backups.cool_after_days is None:
        return []
    old = storage.DateAfterModificationArgs(days_after_modification_greater_than=backups.cool_after_days)
    cool = storage.ManagementPolicyActionArgs(base_blob=storage.ManagementPolicyBaseBlobArgs(tier_to_cool=old))
    return [_rule("cool-packs", cool, [f"{backups.container}/{folder}/data/" for folder in backups.repositories])]


def _rule(
    name: str, actions: storage.ManagementPolicyActionArgs, prefixes: list[str] | None
) -> storage.ManagementPolicyRuleArgs:
    return storage.ManagementPolicyRuleArgs(
        name=name,
        type=storage.RuleType.LIFECYCLE,
        enabled=True,
        definition=storage.ManagementPolicyDefinitionArgs(
            actions=actions,
            filters=storage.ManagementPolicyFilterArgs(blob_types=["blockBlob"], prefix_match=prefixes),
        ),
    )
