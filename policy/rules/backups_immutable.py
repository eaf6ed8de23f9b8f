"""Backups can't be deleted by whoever gets hold of a key: their container is made for it, their bucket is locked.

On Azure the container supports immutable versions, and the days are set on each blob by whoever backs up: seen here is
that it can be done, not that it was. On R2 an enabled lock holds a part of the bucket for a while.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from policy.rule import UNKNOWN, Facts, Resource, StackRule, each, part

_PARTS = ("config", "data/", "keys/", "snapshots/")
"""What a repository of restic can't be read without (restic, doc/design.rst); locks and the index it makes anew."""
_A_DAY_S = 24 * 3600
_BLOBS = "azure-native:storage:BlobContainer"
_BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
_LOCK = "cloudflare:index/r2BucketLock:R2BucketLock"


def _check(stack: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource | None, str]]:
    locked = [one.inputs.get("bucketName") for one in stack if one.token == _LOCK and _holds(one)]
    for lock in stack:
        if lock.token == _LOCK:
            yield from ((lock, text) for text in _gaps(lock))
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
        age = condition.get("maxAgeSeconds")
        long = age is UNKNOWN or (isinstance(age, int | float) and age >= _A_DAY_S)
        if part(rule).get("enabled") and (condition.get("type") != "Age" or long):
            return True
    return False


def _gaps(lock: Resource) -> Iterator[str]:
    """The parts of a restic repository that nothing holds while others of it are held."""
    held: dict[str, set[str]] = defaultdict(set)
    for rule in each(lock.inputs.get("rules")):
        prefix = part(rule).get("prefix")
        if isinstance(prefix, str) and prefix:
            repository, _, within = prefix.partition("/")
            held[repository].add(within)
    for repository, parts in held.items():
        absent = [one for one in _PARTS if one not in parts]
        if "" not in parts and absent:
            yield f"of the repository {repository} nothing holds {', '.join(absent)}: a rule of the lock for each"


RULE = StackRule(
    name="backups-immutable",
    says="Backups can't be deleted for a while, whoever asks.",
    check=_check,
    needs_facts=True,
)
