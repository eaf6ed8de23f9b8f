"""Azure Database for PostgreSQL: the disk of a server: its kinds, sizes, and that it never shrinks."""

from __future__ import annotations

from sandbox.azure.names import known, provider_id, text
from sandbox.azure.types.postgres.sizes import TIERS_BY_SIZE, tier_for_size
from sandbox.core.records import Cloud
from sandbox.core.rules import Between, Forbidden, Must, NeedsInCloud, OneOf, Required, Rule, Unchangeable
from sandbox.core.values import UNKNOWN, Props, is_set, lookup

__all__ = ["STORAGE_RULES"]

_PROVIDER = "hashicorp/terraform-provider-azurerm internal/services/postgres/"
_RESOURCE = _PROVIDER + "postgresql_flexible_server_resource.go"
_SECOND = "https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-storage-premium-ssd-v2 (limitations)"
_STORAGE = "https://learn.microsoft.com/azure/postgresql/extensions/concepts-storage"


def _premium(inputs: Props) -> bool:
    return known(inputs, "storage.type") in (None, "Premium_LRS") and lookup(inputs, "storage.type") is not UNKNOWN


def _second(inputs: Props) -> bool:
    return known(inputs, "storage.type") in ("PremiumV2_LRS", "UltraSSD_LRS")


def _smaller_than_it_is(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    name = text(inputs, "serverName")
    record = cloud.get(provider_id(inputs, config, "Microsoft.DBforPostgreSQL", "flexibleServers", name))
    has = known(record.outputs, "storage.storageSizeGB") if record else None
    wanted = known(inputs, "storage.storageSizeGB")
    if not has or not wanted or wanted >= has:
        return None
    return f"Requested data Disk size '{wanted * 1024}' cannot be less than current size '{has * 1024}'"


STORAGE_RULES: tuple[Rule, ...] = (
    OneOf(path="storage.storageSizeGB", when=_premium, values=tuple(TIERS_BY_SIZE), source=_RESOURCE),
    Between(path="storage.storageSizeGB", name="size-v2:storage", when=_second, least=32, most=65536, source=_STORAGE),
    Must(
        path="storage",
        name="tier:storage",
        when=_premium,
        partial=True,
        test=tier_for_size,
        says="the performance tier must be one that the size allows",
        source=_PROVIDER + "validate/flexible_server_storage_tier.go",
    ),
    Required(
        path="storage.iops",
        when=_second,
        says="is required with storage type PremiumV2_LRS",
        source="azure-mgmt-postgresqlflexibleservers 1.1.0 models.Storage",
    ),
    Required(
        path="storage.throughput",
        when=_second,
        says="is required with storage type PremiumV2_LRS",
        source="azure-mgmt-postgresqlflexibleservers 1.1.0 models.Storage",
    ),
    Between(path="storage.iops", when=_second, least=3000, most=80000, source=_STORAGE),
    Between(path="storage.throughput", when=_second, least=125, most=1200, source=_STORAGE),
    Must(
        path="storage.autoGrow",
        name="kind:storage.autoGrow",
        when=_second,
        test=lambda value, _: value != "Enabled",
        says="a Premium SSD v2 does not grow by itself",
        source=_STORAGE,
    ),
    Forbidden(
        path="storage.tier",
        name="kind:storage.tier",
        when=_second,
        says="is for Premium_LRS: a Premium SSD v2 has iops and throughput",
        source=_STORAGE,
    ),
    Must(
        path="backup.geoRedundantBackup",
        name="kind:backup.geoRedundantBackup",
        when=_second,
        test=lambda value, _: value != "Enabled",
        says="a Premium SSD v2 has no geo-redundant backups: Disabled, or storage type Premium_LRS",
        source=_SECOND,
    ),
    Unchangeable(
        path="storage.type",
        absent="Premium_LRS",
        test=lambda old, new: (old or "Premium_LRS") == (new or "Premium_LRS"),
        says="the kind of disk is chosen at creation; restore into a new server",
        source=_STORAGE,
    ),
    Forbidden(
        path="storage.throughput",
        name="premium:storage.throughput",
        when=_premium,
        says="is for storage type PremiumV2_LRS; Premium_LRS has the throughput of its tier",
        source=_STORAGE,
    ),
    Unchangeable(
        path="storage.storageSizeGB",
        test=lambda old, new: not is_set(new) or new >= old,
        says="storage can grow but never shrink",
        source=_STORAGE,
    ),
    NeedsInCloud(
        path="storage.storageSizeGB",
        name="grown:storage",
        code="UpsertServerManagementOperationDowngradeDiskSizeUnsupported",
        test=_smaller_than_it_is,
        says="a disk that has grown by itself (autoGrow) does not shrink either: ask for no less than it has",
        source="https://github.com/Altinn/dialogporten/pull/4127",
    ),
)
