"""Backups can't be deleted for a while."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policy.rule import UNKNOWN, Resource
from policy.rules.backups_immutable import RULE
from tests.policy.judged import FACTS, said_of_stack

HANDED = replace(FACTS, backups="backups")
BLOBS = "azure-native:storage:BlobContainer"
BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
LOCK = "cloudflare:index/r2BucketLock:R2BucketLock"
DAY = 24 * 3600
PARTS = ("config", "data/", "keys/", "snapshots/")


def one(token: str, **inputs: Any) -> Resource:
    """A resource of the stack."""
    return Resource(token=token, name="one", inputs=inputs)


def lock(bucket: Any = "s-prod-backups", enabled: bool = True, **condition: Any) -> Resource:
    """A lock of a whole repository."""
    held = {"enabled": enabled, "condition": condition or {"type": "Age", "maxAgeSeconds": DAY}}
    return one(LOCK, bucketName=bucket, rules=[{**held, "prefix": f"restic/{part}"} for part in PARTS])


def part_of_lock(prefix: str) -> Resource:
    """A lock that holds this alone."""
    rule = {"enabled": True, "prefix": prefix, "condition": {"type": "Age", "maxAgeSeconds": DAY}}
    return one(LOCK, bucketName="s-prod-backups", rules=[rule])


BACKUPS = one(BUCKET, name="s-prod-backups")
RIGHT: list[list[Resource]] = [
    [one(BLOBS, containerName="backups", immutableStorageWithVersioning={"enabled": True})],
    [one(BLOBS, containerName="knowledge")],
    [BACKUPS, lock()],
    [BACKUPS, lock(UNKNOWN)],
    [BACKUPS, lock(type="Indefinite")],
    [one(BUCKET, name="s-prod-knowledge")],
]
WRONG: list[tuple[list[Resource], str]] = [
    ([one(BLOBS, containerName="backups")], "immutableStorageWithVersioning"),
    ([one(BLOBS, containerName="backups", immutableStorageWithVersioning={"enabled": False})], "as it is made"),
    ([BACKUPS], "R2BucketLock"),
    ([BACKUPS, lock("s-prod-knowledge")], "R2BucketLock"),
    ([BACKUPS, lock(enabled=False)], "R2BucketLock"),
    ([BACKUPS, lock(type="Age", maxAgeSeconds=0)], "R2BucketLock"),
    ([BACKUPS, lock(type="Age", maxAgeSeconds=60)], "R2BucketLock"),
    ([BACKUPS, part_of_lock("restic/data/")], "nothing holds config, keys/, snapshots/"),
    ([BACKUPS, one(LOCK, bucketName="s-prod-backups", rules=[])], "R2BucketLock"),
]


@pytest.mark.parametrize("stack", RIGHT)
def test_what_is_right_passes(stack: list[Resource]) -> None:
    """Nothing is said of it."""
    assert said_of_stack(RULE, stack, HANDED) == []


@pytest.mark.parametrize(("stack", "words"), WRONG)
def test_what_is_wrong_is_told(stack: list[Resource], words: str) -> None:
    """One fault, one violation, and it says what."""
    ((_, text),) = said_of_stack(RULE, stack, HANDED)
    assert words in text


def test_untold_it_judges_nothing() -> None:
    """Which container is for backups, only the settings say."""
    assert said_of_stack(RULE, [BACKUPS], FACTS) == []
