"""Buckets of the simulated Cloudflare R2, their lifecycle rules and locks. No object is kept: nothing answers S3."""

from __future__ import annotations

import re
from datetime import datetime

from sandbox.cloudflare.names import HEX_ID, ZONE, now
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import Between, Length, Must, NeedsInCloud, OneOf, Pattern, Unchangeable, Unique, UniqueItems
from sandbox.core.values import UNKNOWN, Props, Value

__all__ = ["BUCKET", "LIFECYCLE", "LOCK", "TYPES"]

BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
LIFECYCLE = "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle"
LOCK = "cloudflare:index/r2BucketLock:R2BucketLock"
API = "https://developers.cloudflare.com/api/resources/r2/subresources/buckets/methods/create/"
CREATE = "https://developers.cloudflare.com/r2/buckets/create-buckets/"
LOCATION = "https://developers.cloudflare.com/r2/reference/data-location/"
LIFECYCLES = "https://developers.cloudflare.com/r2/buckets/object-lifecycles/"
ERRORS = "https://developers.cloudflare.com/r2/api/error-codes/"
SERVICES = "https://github.com/cloudflare/terraform-provider-cloudflare/blob/main/internal/services"
SCHEMA = f"{SERVICES}/r2_bucket/schema.go"
LIFECYCLE_SCHEMA = f"{SERVICES}/r2_bucket_lifecycle/schema.go"
LOCKS = "https://developers.cloudflare.com/r2/buckets/bucket-locks/"
LOCK_API = "https://developers.cloudflare.com/api/resources/r2/subresources/buckets/subresources/locks/methods/update/"
LOCK_SCHEMA = f"{SERVICES}/r2_bucket_lock/schema.go"

HINTS = ("apac", "eeur", "enam", "oc", "weur", "wnam")
"""In either case, as the provider takes them and R2 answers them."""
JURISDICTIONS = ("default", "eu", "fedramp", "us")
ABORT, DELETE, MOVE = (
    "rules[*].abortMultipartUploadsTransition.condition",
    "rules[*].deleteObjectsTransition.condition",
    "rules[*].storageClassTransitions[*].condition",
)
HELD = "rules[*].condition"
ONE_ID = (
    "its id: with the real provider it is the account's, for every bucket the same (pulumi/pulumi-cloudflare "
    "provider/resources.go, resourcesWithMissingID), and it can't be imported"
)
BUCKET_NAME = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"

ACCOUNT_ID = Pattern(
    path="accountId",
    regex=HEX_ID,
    says="must be the account's id: 32 hexadecimal digits",
    code="7003",
    source=API,
)


def _no_such_account(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    given = inputs.get("accountId")
    known = {record.inputs.get("accountId") for record in cloud.find(ZONE)}
    return None if given is UNKNOWN or given in known else f"account {given} is not the token's"


ACCOUNT_EXISTS = NeedsInCloud(
    path="accountId",
    test=_no_such_account,
    says="give the id of an account that the API token can see",
    code="10000",
    source=API,
)


def _bucket(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    def key(props: Props, name: str) -> tuple[object, ...]:
        return props.get("accountId"), props.get("jurisdiction") or "default", props.get(name)

    wanted = key(inputs, "bucketName")
    if any(key(record.inputs, "name") == wanted for record in cloud.find(BUCKET)):
        return None
    return f"{inputs.get('bucketName')!r}"


BUCKET_EXISTS = NeedsInCloud(
    path="bucketName",
    test=_bucket,
    says="The specified bucket does not exist.",
    code="10006",
    source=ERRORS,
)


def _location(computing: Computing) -> str:
    """In capitals, as R2 answers; without a wish, near whoever asked."""
    return str(computing.inputs.get("location") or "enam").upper()


def _moment(value: Value, _: Props) -> bool:
    """A moment as the provider reads it (timetypes.RFC3339Type), on a day that there is."""
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", str(value)) is None:
        return False
    try:
        datetime.fromisoformat(re.sub(r"\.\d+", "", str(value)).replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _dates(*paths: str, source: str) -> tuple[Must, ...]:
    return tuple(
        Must(
            path=f"{path}.date",
            test=_moment,
            says="must be a moment as RFC 3339 has it: 2027-01-01T00:00:00Z",
            source=source,
        )
        for path in paths
    )


def _age_date_or_for_ever(value: Value, _: Props) -> bool | str:
    of_type = {"Age": "maxAgeSeconds", "Date": "date"}
    wanted = of_type.get(str(value.get("type")))
    if wanted is not None and value.get(wanted) is None:
        return f"type {value.get('type')} without {wanted}"
    more = [name for name in of_type.values() if name != wanted and value.get(name) is not None]
    return not more or f"type {value.get('type')} with {more[0]}"


def _age_or_date(value: Value, _: Props) -> bool | str:
    wanted, other = ("maxAge", "date") if value.get("type") == "Age" else ("date", "maxAge")
    if value.get(wanted) is None:
        return f"type {value.get('type')} without {wanted}"
    return value.get(other) is None or f"type {value.get('type')} with {other}"


TYPES = (
    ResourceType(
        token=BUCKET,
        about="A private bucket. Its name is unique in the account; where it lies is decided at its first creation.",
        sources=(CREATE, API, SCHEMA),
        properties=("accountId", "name", "jurisdiction", "location", "storageClass"),
        rules=(
            ACCOUNT_ID,
            Pattern(
                path="name",
                regex=BUCKET_NAME,
                says="must have 3 to 63 lower-case letters, digits and hyphens, none of these first or last",
                code="10005",
                source=CREATE,
            ),
            OneOf(path="jurisdiction", values=JURISDICTIONS, source=LOCATION),
            Must(
                path="location",
                test=lambda value, _: str(value).lower() in HINTS,
                says=f"must be one of {', '.join(HINTS)}",
                source=SCHEMA,
            ),
            OneOf(path="storageClass", values=("Standard", "InfrequentAccess"), source=SCHEMA),
            ACCOUNT_EXISTS,
            Unchangeable(
                path="jurisdiction",
                test=lambda old, new: old == new,
                says="once a bucket is created, its jurisdiction cannot be changed",
                code="10006",
                source=LOCATION,
            ),
            Unique(
                path="name",
                within=("accountId", "jurisdiction"),
                token=BUCKET,
                says="Bucket name already exists.",
                code="10073",
                source=ERRORS,
            ),
        ),
        id="{name}",
        defaults={"jurisdiction": "default", "storageClass": "Standard"},
        computed={
            "creationDate": lambda c: c.old.get("creationDate") or now(),
            "location": lambda c: c.old.get("location") or _location(c),
        },
        replaces=("accountId", "name"),
        ignores=("location",),
        not_checked=(
            "a bucket with objects in it can't be deleted there (10008): none has objects here",
            "a bucket with lock rules can't be emptied, so can't be deleted while anything is in it",
            "custom domains, CORS and event notifications: other types, not simulated",
        ),
    ),
    ResourceType(
        token=LIFECYCLE,
        about="All lifecycle rules of one bucket. Deleting the resource leaves the bucket's rules as they are.",
        sources=(LIFECYCLES, LIFECYCLE_SCHEMA),
        properties=(
            *("accountId", "bucketName", "jurisdiction"),
            *("rules[*].id", "rules[*].enabled", "rules[*].conditions.prefix"),
            *(f"{path}.{name}" for path in (ABORT, DELETE, MOVE) for name in ("maxAge", "type")),
            *(f"{path}.date" for path in (DELETE, MOVE)),
            "rules[*].storageClassTransitions[*].storageClass",
        ),
        rules=(
            ACCOUNT_ID,
            OneOf(path="jurisdiction", values=JURISDICTIONS, source=LOCATION),
            UniqueItems(path="rules", key="id", source=LIFECYCLE_SCHEMA),
            Length(path="rules", most=1000, says="a bucket has at most 1000 lifecycle rules", source=LIFECYCLES),
            Length(path="rules[*].id", least=1, says="must be a name", source=LIFECYCLE_SCHEMA),
            OneOf(path=f"{ABORT}.type", values=("Age",), source=LIFECYCLE_SCHEMA),
            *(OneOf(path=f"{path}.type", values=("Age", "Date"), source=LIFECYCLE_SCHEMA) for path in (DELETE, MOVE)),
            UniqueItems(path="rules[*].storageClassTransitions", key="storageClass", source=LIFECYCLES),
            *(Between(path=f"{path}.maxAge", least=0, source=LIFECYCLE_SCHEMA) for path in (ABORT, DELETE, MOVE)),
            *_dates(DELETE, MOVE, source=LIFECYCLE_SCHEMA),
            Must(path=DELETE, test=_age_or_date, says="an Age has maxAge, a Date has date", source=LIFECYCLE_SCHEMA),
            Must(path=MOVE, test=_age_or_date, says="an Age has maxAge, a Date has date", source=LIFECYCLE_SCHEMA),
            OneOf(
                path="rules[*].storageClassTransitions[*].storageClass",
                values=("InfrequentAccess",),
                says="must be InfrequentAccess: objects never move back to Standard",
                source=LIFECYCLES,
            ),
            ACCOUNT_EXISTS,
            BUCKET_EXISTS,
        ),
        id="{accountId}/{bucketName}/{jurisdiction}",
        defaults={"jurisdiction": "default"},
        replaces=("accountId", "bucketName"),
        not_checked=(
            "the rule with which every new bucket is born (uploads older than 7 days are aborted): set it yourself",
            "whether rules contradict each other: deleting comes before moving",
            ONE_ID,
        ),
        overwrites=True,
    ),
    ResourceType(
        token=LOCK,
        about="All locks of one bucket: until when nobody deletes or overwrites which objects. Deleting the resource "
        "leaves the bucket's locks as they are.",
        sources=(LOCKS, LOCK_API, LOCK_SCHEMA),
        properties=(
            *("accountId", "bucketName", "jurisdiction"),
            *("rules[*].id", "rules[*].enabled", "rules[*].prefix"),
            *(f"{HELD}.{name}" for name in ("type", "maxAgeSeconds", "date")),
        ),
        rules=(
            ACCOUNT_ID,
            OneOf(path="jurisdiction", values=("default", "eu", "fedramp"), source=LOCK_SCHEMA),
            UniqueItems(path="rules", key="id", source=LOCK_SCHEMA),
            Length(path="rules", most=1000, says="a bucket has at most 1000 lock rules", source=LOCKS),
            OneOf(path=f"{HELD}.type", values=("Age", "Date", "Indefinite"), source=LOCK_SCHEMA),
            Must(
                path=HELD,
                test=_age_date_or_for_ever,
                says="an Age has maxAgeSeconds, a Date has date, Indefinite has neither",
                source=LOCK_API,
            ),
            Between(path=f"{HELD}.maxAgeSeconds", least=1, says="must be a second at least", source=LOCK_API),
            *_dates(HELD, source=LOCK_SCHEMA),
            Length(path="rules[*].id", least=1, says="must be a name", source=LOCK_SCHEMA),
            ACCOUNT_EXISTS,
            BUCKET_EXISTS,
        ),
        id="{accountId}/{bucketName}/{jurisdiction}",
        defaults={"jurisdiction": "default"},
        replaces=("accountId", "bucketName"),
        not_checked=(
            "which objects a lock holds: none is kept here. Locks go before lifecycle rules",
            "how long maxAgeSeconds may be: Cloudflare documents no more than that it is a number",
            ONE_ID,
        ),
        overwrites=True,
    ),
)
