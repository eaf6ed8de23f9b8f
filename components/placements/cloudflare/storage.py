"""Buckets of R2. Private; R2 keeps no old versions: what is overwritten or deleted there is gone. Backups are locked.

Keys for S3 clients are made by an operator at Cloudflare: they are worth as much as the data, and a state may be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_cloudflare as cloudflare
from pulumi import ComponentResource, Output, ResourceOptions

from components.placements import ObjectStore
from settings import Settings
from settings.naming import Names
from settings.places import OnR2, narrowed
from settings.services.storage import Backups

__all__ = ["ObjectStorage", "R2Buckets", "R2BucketsArgs"]

DAY_S = 24 * 3600
LOCKED = ("data/", "snapshots/", "keys/", "config")
"""What is locked of a restic repository: all that a restore needs. Not locks/, which restic removes as it ends, and not
index/, which a prune must replace and which is made again from the packs (restic repair index).
"""


@dataclass(frozen=True, kw_only=True)
class R2BucketsArgs:
    """Which buckets, of which account, and near which region."""

    names: Names
    account_id: str
    containers: Sequence[str]
    backups: Backups | None
    location: str
    protect: bool


class R2Buckets(ComponentResource):
    """One bucket a container, below the account's S3 address."""

    url: Output[str]

    def __init__(self, name: str, args: R2BucketsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:cloudflare:R2Buckets", name, None, opts)
        for container in args.containers:
            bucket = cloudflare.R2Bucket(
                f"{name}-{container}",
                account_id=args.account_id,
                name=args.names.bucket(container),
                location=args.location,
                storage_class="Standard",
                # A wish of the first creation: R2 answers with where the bucket is, and takes no other later.
                opts=ResourceOptions(parent=self, protect=args.protect, ignore_changes=["location"]),
            )
            backups = args.backups if args.backups and args.backups.container == container else None
            cloudflare.R2BucketLifecycle(
                f"{name}-{container}-lifecycle",
                account_id=args.account_id,
                bucket_name=bucket.name,
                rules=[_drop_broken_uploads(), *_cool_packs(backups)],
                opts=ResourceOptions(parent=self),
            )
            if backups is not None:
                cloudflare.R2BucketLock(
                    f"{name}-{container}-lock",
                    account_id=args.account_id,
                    bucket_name=bucket.name,
                    rules=_locks(backups),
                    opts=ResourceOptions(parent=self),
                )
        self.url = Output.from_input(f"https://{args.account_id}.r2.cloudflarestorage.com")
        self.register_outputs({"url": self.url})


def _drop_broken_uploads() -> cloudflare.R2BucketLifecycleRuleArgs:
    """Parts of an upload that never ended are paid for and seen nowhere."""
    return cloudflare.R2BucketLifecycleRuleArgs(
        id="broken-uploads",
        enabled=True,
        conditions=cloudflare.R2BucketLifecycleRuleConditionsArgs(prefix=""),
        abort_multipart_uploads_transition=cloudflare.R2BucketLifecycleRuleAbortMultipartUploadsTransitionArgs(
            condition=cloudflare.R2BucketLifecycleRuleAbortMultipartUploadsTransitionConditionArgs(
                max_age=7 * DAY_S, type="Age"
            )
        ),
    )


def _cool_packs(backups: Backups | None) -> list[cloudflare.R2BucketLifecycleRuleArgs]:
    """Packs are written once and read by restores alone."""
    if backups is None or backups.cool_after_days is None:
        return []
    old = cloudflare.R2BucketLifecycleRuleStorageClassTransitionConditionArgs(
        max_age=backups.cool_after_days * DAY_S, type="Age"
    )
    cool = cloudflare.R2BucketLifecycleRuleStorageClassTransitionArgs(condition=old, storage_class="InfrequentAccess")
    return [
        cloudflare.R2BucketLifecycleRuleArgs(
            id=f"cool-{folder}",
            enabled=True,
            conditions=cloudflare.R2BucketLifecycleRuleConditionsArgs(prefix=f"{folder}/data/"),
            storage_class_transitions=[cool],
        )
        for folder in backups.repositories
    ]


def _locks(backups: Backups) -> list[cloudflare.R2BucketLockRuleArgs]:
    age = cloudflare.R2BucketLockRuleConditionArgs(type="Age", max_age_seconds=backups.immutable_days * DAY_S)
    return [
        cloudflare.R2BucketLockRuleArgs(
            id=f"{folder}-{part.rstrip('/')}", enabled=True, prefix=f"{folder}/{part}", condition=age
        )
        for folder in backups.repositories
        for part in LOCKED
    ]


class ObjectStorage:
    """R2 as a placement, which keeps blobs (KeepsBlobs) and runs nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def object_store(self, name: str, opts: ResourceOptions) -> ObjectStore:
        """Declares a bucket for each container that is wanted."""
        wanted = self._settings.services.storage
        if wanted is None:
            raise TypeError("the settings have no services/storage")
        where = narrowed(OnR2, wanted.placement)
        created = R2Buckets(
            name,
            R2BucketsArgs(
                names=self._settings.names,
                account_id=self._settings.zone.account_id,
                containers=wanted.containers,
                backups=wanted.backups,
                location=where.location,
                protect=self._settings.protect,
            ),
            opts,
        )
        for_tenants = {
            "kind": "r2",
            "account_id": self._settings.zone.account_id,
            "prefix": self._settings.names.bucket(""),
        }
        return ObjectStore(resource=created, url=created.url, containers=wanted.containers, for_tenants=for_tenants)
