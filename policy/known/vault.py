"""Vault: mounts, logins, policies, keys (hashicorp/terraform-provider-vault 5, vault/resource_*.go)."""

from __future__ import annotations

from collections.abc import Mapping

from policy.known.kind import ANY, TEXT, Allowed, Default, Kind, Like, Named, Only, Within
from policy.known.names import MOUNT, POLICY

__all__ = ["KINDS"]

_APPROLE, _TRANSIT = Only("approle"), Only("transit")
_HOUR, _MONTH = 3600, 31 * 24 * 3600
_ROLE: Mapping[str, Allowed] = {
    "backend": _APPROLE,
    "roleName": Named(POLICY),
    "tokenPolicies[]": Named(POLICY),  # and vault-logins-confined
    "tokenTtl": Within(60, _HOUR),
    "tokenMaxTtl": Within(60, _HOUR),
    "tokenNoDefaultPolicy": Only(True),
    "secretIdTtl": Within(60, _MONTH),
    "bindSecretId": Default(True),
    "localSecretIds": Default(False),
}

KINDS: Mapping[str, Kind] = {
    "vault:index/audit:Audit": Kind(
        properties={
            "type": Only("file"),
            "path": Only("stdout"),
            "description": TEXT,
            # log_raw would write every secret in plain.
            "options.file_path": Only("stdout"),
        },
        required=("type", "options.file_path"),
    ),
    "vault:index/authBackend:AuthBackend": Kind(
        properties={"type": _APPROLE, "path": _APPROLE, "description": TEXT}, required=("type", "path")
    ),
    "vault:index/mount:Mount": Kind(
        properties={
            "type": Only("kv", "transit"),
            "path": Named(MOUNT),
            "options.version": Only("2"),
            "description": TEXT,
            "externalEntropyAccess": Default(False),
        },
        required=("type", "path"),
        in_tenants=True,
    ),
    "vault:index/policy:Policy": Kind(
        properties={"name": Named(POLICY), "policy": ANY},  # vault-paths-confined
        required=("name", "policy"),
        in_tenants=True,
    ),
    "vault:appRole/authBackendRole:AuthBackendRole": Kind(
        properties=_ROLE, required=("backend", "roleName", "tokenPolicies", "tokenTtl", "tokenMaxTtl"), in_tenants=True
    ),
    "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId": Kind(
        properties={"backend": _APPROLE, "roleName": Named(POLICY)}, required=("backend", "roleName")
    ),
    "vault:kv/secretV2:SecretV2": Kind(
        properties={
            "mount": Named(MOUNT),
            "name": Like(r"[a-z0-9][a-z0-9-]*", "small letters, digits and hyphens"),
            "dataJson": ANY,  # secrets-not-plain
            "disableRead": Default(False),
            "deleteAllVersions": Default(False),
        },
        required=("mount", "name"),
        in_tenants=True,
    ),
    "vault:transit/secretBackendKey:SecretBackendKey": Kind(
        properties={
            "backend": _TRANSIT,
            "name": Named(POLICY),
            "type": Default("aes256-gcm96"),
            "keySize": Default(0),
            "exportable": ANY,  # vault-logins-confined, recovery-survives
            "allowPlaintextBackup": ANY,
            "deletionAllowed": ANY,  # vault-logins-confined
            "derived": Default(False),
            "convergentEncryption": Default(False),
            "minDecryptionVersion": Default(1),
            "minEncryptionVersion": Default(0),
        },
        required=("backend", "name"),
        in_tenants=True,
    ),
    "pulumi:providers:vault": Kind(
        properties={
            "version": ANY,
            "address": Like(r"http://127\.0\.0\.1:\d+", "Vault at the near end of the SSH forward"),
            "token": ANY,  # secrets-not-plain, providers-own
            "authLogin": ANY,
            "skipChildToken": Only("true", True),
            "maxLeaseTtlSeconds": ANY,
            "maxRetries": ANY,
        },
        required=("address",),
        in_tenants=True,
    ),
}
