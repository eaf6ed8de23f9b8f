"""What an environment is told of its backups: where they go, how often they are made, how long they are kept.

Each store knows its failure domain: what is lost together with it. A source is backed up to stores of other domains
than its own, always. Whether there are backups at all is a policy's question (policy/rules/backups_declared.py).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from settings.parts import Email, Name, Setting, matching
from settings.problems import fault

__all__ = [
    "AZURE",
    "CLOUDFLARE",
    "Alerts",
    "AnyStore",
    "AzblobStore",
    "Backups",
    "Intervals",
    "R2Store",
    "Retention",
    "S3Store",
    "Store",
]

AZURE, CLOUDFLARE = "azure", "cloudflare"
"""Failure domains that are vendors; a host's is `host:<name>`."""

_Bucket = Annotated[
    str, AfterValidator(matching("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "not the name of a bucket", "smarteros-backups"))
]
_Container = Annotated[
    str, AfterValidator(matching("[a-z0-9](?:-?[a-z0-9]){2,62}", "not the name of a blob container", "backups"))
]
_Account = Annotated[
    str, AfterValidator(matching("[a-z0-9]{3,24}", "3 to 24 lower-case letters and digits", "stsmarterosbackups"))
]
_Endpoint = Annotated[
    str,
    AfterValidator(
        matching(r"https?://[A-Za-z0-9.-]+(?::\d+)?", "not an address", "https://<account>.r2.cloudflarestorage.com")
    ),
]
_Folder = Annotated[
    str,
    AfterValidator(
        matching("[a-z0-9](?:-?[a-z0-9]){0,39}", "not 1 to 40 lower-case letters, digits and hyphens", "restic")
    ),
]
_Domain = Annotated[
    str,
    AfterValidator(
        matching(
            "azure|cloudflare|other|host:[a-z](?:-?[a-z0-9]){0,19}",
            "not a failure domain",
            "azure, cloudflare, other, or host:<name> of smarteros:hosts",
        )
    ),
]
_Https = Annotated[str, AfterValidator(matching(r"https?://[^\s]+", "not an address", "https://example.com/hook"))]


class R2Store(Setting):
    """A bucket of Cloudflare's R2, which speaks S3."""

    name: Name = Field(description="What others call it; its keys are in the keyring under this name")
    kind: Literal["r2"] = Field(description="A bucket of R2, of another S3, or a container of an Azure storage account")
    bucket: _Bucket = Field(description="The bucket, which exists")
    endpoint: _Endpoint = Field(description="The account's address, as in https://ACCOUNT.r2.cloudflarestorage.com")
    repository: _Folder = Field("restic", description="The folder of restic's repository in it")

    @property
    def domain(self) -> str:
        """What is lost together with it."""
        return CLOUDFLARE


class S3Store(Setting):
    """A bucket of any store that speaks S3."""

    name: Name = Field(description="What others call it; its keys are in the keyring under this name")
    kind: Literal["s3"] = Field(description="A bucket of R2, of another S3, or a container of an Azure storage account")
    bucket: _Bucket = Field(description="The bucket, which exists")
    endpoint: _Endpoint = Field(description="The store's address")
    region: str = Field("auto", min_length=1, description="The store's region")
    repository: _Folder = Field("restic", description="The folder of restic's repository in it")
    failure_domain: _Domain = Field("other", description="What is lost together with it: other, or host:<name>, …")

    @property
    def domain(self) -> str:
        """What is lost together with it."""
        return self.failure_domain


class AzblobStore(Setting):
    """A container of an Azure storage account."""

    name: Name = Field(description="What others call it; its key is in the keyring under this name")
    kind: Literal["azblob"] = Field(
        description="A bucket of R2, of another S3, or a container of an Azure storage account"
    )
    account: _Account = Field(description="The storage account's name")
    container: _Container = Field("backups", description="The container, which exists")
    repository: _Folder = Field("restic", description="The folder of restic's repository in it")

    @property
    def domain(self) -> str:
        """What is lost together with it."""
        return AZURE


AnyStore = R2Store | S3Store | AzblobStore
Store = Annotated[AnyStore, Field(discriminator="kind")]


class Intervals(Setting):
    """How many minutes pass between the beginnings of two backups. The recovery point is at most that, and the time
    that a backup takes.
    """

    databases: int = Field(15, ge=1, le=1440, description="Of databases, in minutes")
    files: int = Field(60, ge=1, le=1440, description="Of files, volumes, blobs and all else, in minutes")


class Retention(Setting):
    """How many backups are kept, as restic's forget counts them: the last of each hour, day, week and month."""

    hourly: int = Field(48, ge=0, le=1000, description="How many of different hours")
    daily: int = Field(14, ge=1, le=1000, description="How many of different days")
    weekly: int = Field(4, ge=0, le=1000, description="How many of different weeks")
    monthly: int = Field(2, ge=0, le=120, description="How many of different months")


class Alerts(Setting):
    """Whom a failed, late or missing backup is told to."""

    email: Email | None = Field(None, description="Where letters go; nobody says: smarteros:operators.email")
    webhook: _Https | None = Field(None, description="What is called with a JSON object")
    heartbeat: _Https | None = Field(
        None, description="What is called after each good backup: its silence is the alarm (a dead man's switch)"
    )


class Backups(Setting):
    """How an environment is backed up."""

    stores: tuple[Store, ...] = Field(min_length=1, max_length=8, description="Where backups go; the first fit counts")
    interval_minutes: Intervals = Field(Intervals.model_validate({}), description="How often, by kind, in minutes")
    retention: Retention = Field(Retention.model_validate({}), description="How many are kept")
    check_percent: int = Field(
        5, ge=1, le=100, description="How many of a hundred packs are read and compared each day"
    )
    proof_max_age_days: int = Field(8, ge=1, le=366, description="After how many days the last drill is too old")
    proof_required: bool = Field(False, description="Whether a drill that is too old stops every up")
    alerts: Alerts = Field(Alerts.model_validate({}), description="Whom a bad backup is told to")

    @field_validator("stores")
    @classmethod
    def _named_once(cls, value: tuple[AnyStore, ...]) -> tuple[AnyStore, ...]:
        names = [one.name for one in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise fault(f"two stores are called {twice[0]}", "a name of its own for each")
        return value

    def stores_for(self, domain: str) -> tuple[AnyStore, ...]:
        """Where what is in that failure domain may be backed up to: everywhere but there, in the order of the file."""
        return tuple(store for store in self.stores if store.domain != domain)
