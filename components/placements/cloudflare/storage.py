"""Buckets of R2. Private; R2 keeps no old versions, so what is overwritten or deleted there is gone.

Keys for S3 clients are made by an operator at Cloudflare: they are worth as much as the data, and a state may be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_cloudflare as cloudflare
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.placements import DatabaseServer, ObjectStore, QueueServer, Refusal, Running
from components.workload import Workload
from settings import Settings
from settings.naming import Names
from settings.parts import ManagedRedis, OnR2

__all__ = ["ObjectStorage", "R2Buckets", "R2BucketsArgs"]

WEEK_S = 7 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class R2BucketsArgs:
    """Which buckets, of which account, and near which region."""

    names: Names
    account_id: str
    containers: Sequence[str]
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
            cloudflare.R2BucketLifecycle(
                f"{name}-{container}-lifecycle",
                account_id=args.account_id,
                bucket_name=bucket.name,
                rules=[_drop_broken_uploads()],
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
                max_age=WEEK_S, type="Age"
            )
        ),
    )


class ObjectStorage:
    """R2 as a placement, which keeps files and runs nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def run(self, name: str, workload: Workload, opts: ResourceOptions) -> Running:
        """Refused."""
        raise Refusal(name, "placement", "R2 runs no containers", "placement: {where: docker, host: …}")

    def database_server(
        self, name: str, server: str, admin_password: Input[str], opts: ResourceOptions
    ) -> DatabaseServer:
        """Refused."""
        raise Refusal(name, "placement", "R2 runs no databases", "placement: {where: docker, host: …}")

    def queue_server(self, name: str, size: ManagedRedis, opts: ResourceOptions) -> QueueServer:
        """Refused."""
        raise Refusal(name, "placement", "R2 runs no Redis", "placement: {where: docker, host: …}")

    def object_store(self, name: str, opts: ResourceOptions) -> ObjectStore:
        """Buckets."""
        wanted = self._settings.services.storage
        if wanted is None or not isinstance(wanted.placement, OnR2):
            raise TypeError("the settings have no services/storage on R2")
        created = R2Buckets(
            name,
            R2BucketsArgs(
                names=self._settings.names,
                account_id=self._settings.zone.account_id,
                containers=wanted.containers,
                location=wanted.placement.location,
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
