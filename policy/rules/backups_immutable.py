"""Backups can't be deleted by whoever gets hold of a key: their container is made for it, their bucket is locked.

On Azure the container supports immutable versions, and the days are set on each blob by whoever backs up: seen here is
that it can be done, not that it was. On R2 an enabled lock holds a part of the bucket for a while.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy.rule import UNKNOWN, Facts, Resource, StackRule, each, part

_BLOBS = "azure-native:storage:BlobContainer"
_BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
_LOCK = "cloudflare:index/r2BucketLock:R2BucketLock"


def _check(stack: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource | None, str]]:
    locked = [one.inputs.get("bucketName") for one in stack if one.token == _LOCK and _holds(one)]
    for resource in stack:
        name = resource.inputs.get("containerName" if resource.token == _BLOBS else "name")
        if not facts.backups or not isinstance(name, str):
            continue
        if resource.token == _BLOBS and name == facts.backups:
            enabled = part(resource.inputs.get("immutableStorageWithVersioning")).get("enabled")
            if enabled not in (True, UNKNOWN):
                yield resource, f"{name} holds backups: immutableStorageWithVersioning.enabled, as it is made"
        elif resource.token == _BUCKET and facts.is_called(name, facts.backups) and not {name, UNKNOWN} & set(locked):
            yield resource, f"{name} holds backups, and nothing holds them: an enabled R2BucketLock on it"


def _holds(lock: Resource) -> bool:
    """Whether one of its rules holds something for a while."""
    for rule in each(lock.inputs.get("rules")):
        condition = part(part(rule).get("condition"))
        if part(rule).get("enabled") and (condition.get("type") != "Age" or condition.get("maxAgeSeconds") != 0):
            return True
    return False


RULE = StackRule(
    name="backups-immutable",
    says="Backups can't be deleted for a while, whoever asks.",
    check=_check,
    needs_facts=True,
)
