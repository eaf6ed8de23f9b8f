"""Which resources hold data: the one list that says what is protected, and what a run never deletes unasked.

`policy/rules/stateful_protected.py` demands the protection, `deploy/losses.py` refuses the deletion. What can be made
again from git and the keyring holds no data in this sense, however secret it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["FILLED_VOLUME", "holds", "plain_token"]

_VERSION = re.compile(r"^(azure-native:[^:/]+)/v\d{6,}[a-z0-9]*:")
FILLED_VOLUME = "-secrets"
"""How the names of Docker volumes end that the program itself fills, from the keyring, at every run."""

_HOLDS: Mapping[str, str] = {
    # Azure
    "azure-native:resources:ResourceGroup": "everything in the group goes with it",
    "azure-native:dbforpostgresql:Server": "every database of the server, and its backups after a few days",
    "azure-native:dbforpostgresql:Database": "the database",
    "azure-native:dbformysql:Server": "every database of the server",
    "azure-native:sql:Server": "every database of the server",
    "azure-native:sql:Database": "the database",
    "azure-native:documentdb:DatabaseAccount": "every database of the account",
    "azure-native:cache:Redis": "queues and what is in them",
    "azure-native:redisenterprise:RedisEnterprise": "queues and what is in them",
    "azure-native:redisenterprise:Database": "queues and what is in them",
    "azure-native:storage:StorageAccount": "every blob and file of the account",
    "azure-native:storage:BlobContainer": "every blob in the container",
    "azure-native:storage:FileShare": "every file of the share",
    "azure-native:storage:Queue": "the messages in the queue",
    "azure-native:storage:Table": "the rows of the table",
    "azure-native:compute:Disk": "the disk's content",
    "azure-native:compute:Snapshot": "the snapshot",
    "azure-native:recoveryservices:Vault": "the backups in it",
    "azure-native:dataprotection:BackupVault": "the backups in it",
    "azure-native:keyvault:Vault": "every secret and key in it",
    "azure-native:keyvault:Key": "whatever was encrypted with the key",
    # Docker
    "docker:index/volume:Volume": "the files of the volume",
    # Databases
    "postgresql:index/database:Database": "the database",
    "postgresql:index/schema:Schema": "the tables of the schema",
    # Vault
    "vault:index/mount:Mount": "every secret below the mount",
    "vault:index/authBackend:AuthBackend": "every tenant's login below it",
    "vault:transit/secretBackendKey:SecretBackendKey": "whatever was encrypted with the key",
    "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert": "the authority that others trust",
    # Cloudflare
    "cloudflare:index/zone:Zone": "every record of the zone",
    "cloudflare:index/r2Bucket:R2Bucket": "every object in the bucket",
    "cloudflare:index/workersKvNamespace:WorkersKvNamespace": "the namespace's content",
    "cloudflare:index/d1Database:D1Database": "the database",
    # Kubernetes
    "kubernetes:core/v1:PersistentVolumeClaim": "the files of the volume",
    "kubernetes:core/v1:PersistentVolume": "the files of the volume",
}


def plain_token(token: str) -> str:
    """A type without the version of Azure's API: the same thing, however it is asked for."""
    return _VERSION.sub(r"\1:", token)


def holds(token: str, inputs: Mapping[str, object]) -> str | None:
    """What is lost with a resource; None when nothing is."""
    plain = plain_token(token)
    if plain == "docker:index/volume:Volume" and str(inputs.get("name", "")).endswith(FILLED_VOLUME):
        return None
    return _HOLDS.get(plain)
