"""Container Apps: a file share that an environment offers to its apps' volumes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.azure.names import arm_id, arm_outputs, known, names_record, provider_id, random_suffix, text
from sandbox.azure.rules import in_group, in_parent
from sandbox.azure.types.containerapp.ingress import ENVIRONMENT
from sandbox.azure.types.containerapp.template import STORAGE
from sandbox.azure.types.groups import shared_key
from sandbox.azure.types.storage.account import ACCOUNT
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud, Computing, Record
from sandbox.core.rules import ExactlyOne, Must, NeedsInCloud, Pattern, Required, Unchangeable
from sandbox.core.values import Props

__all__ = ["TYPES"]

_MOUNTS = "https://learn.microsoft.com/azure/container-apps/storage-mounts"
_SMB = "properties.azureFile"
_NFS = "properties.nfsAzureFile"


def _account(name: str, cloud: Cloud) -> Record | None:
    return next((one for one in cloud.find(ACCOUNT) if names_record(one, "accountName", name)), None)


def _smb_account(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    name = text(inputs, f"{_SMB}.accountName")
    return f"there is no storage account {name!r}" if name and _account(name, cloud) is None else None


def _smb_share(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    account = _account(text(inputs, f"{_SMB}.accountName"), cloud)
    share = text(inputs, f"{_SMB}.shareName")
    if account is None or not share:
        return None
    record = cloud.get(f"{account.id}/fileServices/default/shares/{share}")
    if record is not None:
        return "it is an NFS share: nfsAzureFile" if known(record.inputs, "enabledProtocols") == "NFS" else None
    return f"storage account {account.id} has no file share {share!r}"


def _smb_key(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    account, given = _account(text(inputs, f"{_SMB}.accountName"), cloud), text(inputs, f"{_SMB}.accountKey")
    if account is not None and known(account.inputs, "allowSharedKeyAccess") is False:
        return f"{account.id} has allowSharedKeyAccess false, and SMB is mounted by a key"
    if account is None or not given or given in (shared_key(account.id, "key1"), shared_key(account.id, "key2")):
        return None
    return f"it is no key of {account.id}"


def _nfs_share(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    account = _account(text(inputs, f"{_NFS}.server").split(".")[0], cloud)
    share = text(inputs, f"{_NFS}.shareName").rsplit("/", 1)[-1]
    record = cloud.get(f"{account.id}/fileServices/default/shares/{share}") if account else None
    if (
        not share
        or not text(inputs, f"{_NFS}.server")
        or (record is not None and known(record.inputs, "enabledProtocols") == "NFS")
    ):
        return None
    return f"{text(inputs, f'{_NFS}.server')} has no NFS share {share!r}"


def _nfs_network(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    name = text(inputs, "environmentName")
    record = cloud.get(provider_id(inputs, config, "Microsoft.App", "managedEnvironments", name))
    if record is None or known(inputs, _NFS) is None:
        return None
    subnet = text(record.inputs, "vnetConfiguration.infrastructureSubnetId")
    return None if subnet else f"environment {name!r} has no virtual network of its own"


def _shown(one: Computing) -> Mapping[str, Any]:
    given = dict(known(one.inputs, "properties") or {})
    if known(given, "azureFile") is not None:
        given["azureFile"] = {key: item for key, item in given["azureFile"].items() if key != "accountKey"}
    return given


ENVIRONMENT_STORAGE = ResourceType(
    token=STORAGE,
    about="A file share (SMB or NFS) of which the apps of an environment may make volumes.",
    sources=(
        _MOUNTS,
        "Azure/azure-rest-api-specs specification/app/resource-manager/Microsoft.App/ContainerApps/stable/2025-07-01/"
        "ManagedEnvironmentsStorages.json",
    ),
    id=arm_id("Microsoft.App", "managedEnvironments", "{environmentName}", "storages", "{storageName}"),
    named_by="storageName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "environmentName",
        "storageName",
        f"{_SMB}.accessMode",
        f"{_SMB}.accountKey",
        f"{_SMB}.accountName",
        f"{_SMB}.shareName",
        f"{_NFS}.accessMode",
        f"{_NFS}.server",
        f"{_NFS}.shareName",
    ),
    rules=(
        in_group(),
        in_parent(
            "environmentName",
            "ManagedEnvironment",
            "Microsoft.App",
            "managedEnvironments",
            "{environmentName}",
            token=ENVIRONMENT,
        ),
        Pattern(
            path="storageName",
            regex=r"(?!.*--)[a-z]([a-z0-9-]{0,30}[a-z0-9])?",
            says="must have 1 to 32 lower case letters, digits and single '-', starting with a letter",
            source="hashicorp/terraform-provider-azurerm internal/services/containerapps/validate/validate.go",
        ),
        Required(path="properties", says="needs azureFile or nfsAzureFile", source=_MOUNTS),
        ExactlyOne(path="properties", fields=("azureFile", "nfsAzureFile"), source=_MOUNTS),
        *(
            Required(path=f"{_SMB}.{name}", source=_MOUNTS)
            for name in ("accountName", "accountKey", "shareName", "accessMode")
        ),
        *(Required(path=f"{_NFS}.{name}", source=_MOUNTS) for name in ("server", "shareName", "accessMode")),
        Pattern(
            path=f"{_NFS}.server",
            regex=r"[a-z0-9]{3,24}\.file\.core\.windows\.net",
            says="must be <account>.file.core.windows.net",
            source=_MOUNTS,
        ),
        Pattern(
            path=f"{_NFS}.shareName",
            regex=r"/[a-z0-9]{3,24}/[a-z0-9-]{3,63}",
            says="must be /<account>/<share>",
            source=_MOUNTS,
        ),
        Must(
            path=_NFS,
            name="account:nfsAzureFile",
            test=lambda value, _: (
                not text(value, "shareName").startswith("/")
                or text(value, "server").split(".")[0] == text(value, "shareName").split("/")[1]
            ),
            says="server and shareName name the same account",
            source=_MOUNTS,
        ),
        *(
            Unchangeable(
                path=f"{at}.{name}",
                test=lambda old, new: old == new,
                says="a storage stays with its share (only its key can be changed); make another one",
                source="hashicorp/terraform-provider-azurerm internal/services/containerapps/"
                "container_app_environment_storage_resource.go (ForceNew)",
            )
            for at, name in ((_SMB, "accountName"), (_SMB, "shareName"), (_NFS, "server"), (_NFS, "shareName"))
        ),
        NeedsInCloud(
            path=f"{_SMB}.accountName",
            name="exists:accountName",
            test=_smb_account,
            says="create the storage account first",
            source=_MOUNTS,
        ),
        NeedsInCloud(
            path=f"{_SMB}.shareName",
            name="exists:shareName",
            test=_smb_share,
            says="create the FileShare first and let the storage depend on it",
            source=_MOUNTS,
        ),
        NeedsInCloud(
            path=f"{_SMB}.accountKey",
            name="right:accountKey",
            test=_smb_key,
            says="pass a key from listStorageAccountKeys",
            source=_MOUNTS,
        ),
        NeedsInCloud(
            path=f"{_NFS}.shareName",
            name="exists:nfsShare",
            test=_nfs_share,
            says="create the FileShare with enabledProtocols NFS first",
            source=_MOUNTS,
        ),
        NeedsInCloud(
            path=_NFS,
            name="network:nfsAzureFile",
            test=_nfs_network,
            says="NFS needs an environment in a virtual network of one's own",
            source=_MOUNTS,
        ),
    ),
    computed=arm_outputs("Microsoft.App/managedEnvironments/storages", "2025-02-02-preview", properties=_shown),
    write_only=(f"{_SMB}.accountKey",),
    replaces=("resourceGroupName", "environmentName", "storageName"),
    not_checked=("A wrong key is found by the real one only when an app mounts the share.",),
)

TYPES = (ENVIRONMENT_STORAGE,)
