"""Blobs are read by those whom Azure's roles name: never by everybody, never with an account's key."""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Resource, Rule, differs

_ACCOUNT = "azure-native:storage:StorageAccount"


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    inputs = resource.inputs
    if resource.token != _ACCOUNT:
        access = inputs.get("publicAccess", "None")
        if access not in (UNKNOWN, "None"):
            yield f"publicAccess is {access}: None"
        return
    for key, why in (
        ("allowBlobPublicAccess", "a container could be opened to everybody"),
        ("allowSharedKeyAccess", "an account's key opens everything and says not who used it"),
        ("allowCrossTenantReplication", "another directory could copy the blobs"),
    ):
        if differs(inputs.get(key), False):
            yield f"{key} is not false: {why}"


RULE = Rule(
    name="storage-private",
    says="Storage is not public and has no keys to leak.",
    types=(_ACCOUNT, "azure-native:storage:BlobContainer"),
    check=_check,
)
