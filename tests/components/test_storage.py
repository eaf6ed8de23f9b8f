"""The blob storage: private, protected, versioned where the place can, and backups that nobody deletes for a while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from components.placements.cloudflare.storage import LOCKED
from settings.problems import Problem
from settings.reading import read_settings
from tests.components.declared import Declared, config_of, platform, prod_config, resolved

CONTAINERS = ["backups", "knowledge", "attachments"]
PLACES: Mapping[str, dict[str, Any]] = {"azure": {"where": "azure", "keepDeletedDays": 30}, "r2": {"where": "r2"}}


def storage(place: str, **more: Any) -> list[Declared]:
    """What prod declares for its storage, somewhere."""
    wanted = {"placement": PLACES[place], "containers": CONTAINERS, **more}
    services = {**prod_config()["services"], "storage": wanted}
    return [one for one in platform(services=services) if one.custom and one.name.startswith("storage")]


def inputs(declared: list[Declared], name: str) -> dict[str, Any]:
    """What was asked for under a name."""
    (found,) = [one for one in declared if one.name == name]
    return dict(resolved(found.inputs))


def rules(declared: list[Declared]) -> dict[str, dict[str, Any]]:
    """The life-cycle rules of the account, by name."""
    policy = inputs(declared, "storage-old-versions")["policy"]
    return {rule["name"]: rule["definition"] for rule in policy["rules"]}


# -- Azure -------------------------------------------------------------------------------------------------------------


def test_nothing_that_is_deleted_on_azure_is_gone_at_once() -> None:
    """Versions, soft delete of blobs and of containers; old versions go when their time is over, and not before."""
    declared = storage("azure")
    service = inputs(declared, "storage-service")
    assert service["isVersioningEnabled"] is True
    assert (
        service["deleteRetentionPolicy"] == service["containerDeleteRetentionPolicy"] == {"enabled": True, "days": 30}
    )
    old = rules(declared)["old-versions"]
    assert old["actions"] == {"version": {"delete": {"daysAfterCreationGreaterThan": 30}}}
    assert "prefixMatch" not in old["filters"]


def test_only_the_container_of_backups_is_made_for_immutable_blobs() -> None:
    """From its creation on, after versioning is on. It has no default policy: restic must remove its locks."""
    declared = storage("azure")
    assert inputs(declared, "storage-backups")["immutableStorageWithVersioning"] == {"enabled": True}
    for name in ("knowledge", "attachments"):
        assert "immutableStorageWithVersioning" not in inputs(declared, f"storage-{name}")
    (backups,) = [one for one in declared if one.name == "storage-backups"]
    assert any(urn.endswith("::storage-service") for urn in backups.dependencies)
    assert not [one for one in declared if one.token.endswith(":BlobContainerImmutabilityPolicy")]


def test_packs_grow_cool_and_what_every_run_reads_does_not() -> None:
    """The packs of each repository; never archived, for a restore can't wait for hours."""
    cool = rules(storage("azure", backups={"repositories": ["restic", "tenants"], "coolAfterDays": 45}))["cool-packs"]
    assert cool["filters"]["prefixMatch"] == ["backups/restic/data/", "backups/tenants/data/"]
    assert cool["actions"] == {"baseBlob": {"tierToCool": {"daysAfterModificationGreaterThan": 45}}}
    assert "cool-packs" not in rules(storage("azure", backups={"coolAfterDays": None}))


# -- R2 ----------------------------------------------------------------------------------------------------------------


def test_what_a_restore_needs_is_locked_on_r2() -> None:
    """Packs, snapshots, keys and config, for the days of the settings. Locks and index stay restic's to delete."""
    declared = storage("r2", backups={"immutableDays": 7})
    lock = inputs(declared, "storage-backups-lock")
    assert lock["bucketName"].endswith("-backups")
    assert {rule["prefix"] for rule in lock["rules"]} == {f"restic/{part}" for part in LOCKED}
    assert not {"locks/", "index/"} & set(LOCKED)
    for rule in lock["rules"]:
        assert rule["enabled"] is True
        assert rule["condition"] == {"type": "Age", "maxAgeSeconds": 7 * 86400}
    assert len({rule["id"] for rule in lock["rules"]}) == len(LOCKED)
    assert [one.name for one in declared if one.token.endswith(":R2BucketLock")] == ["storage-backups-lock"]


def test_every_bucket_drops_broken_uploads_and_backups_grow_cool() -> None:
    """Parts of an upload that never ended; packs become InfrequentAccess."""
    declared = storage("r2")
    for name in CONTAINERS:
        first, *more = inputs(declared, f"storage-{name}-lifecycle")["rules"]
        assert first["abortMultipartUploadsTransition"]["condition"] == {"type": "Age", "maxAge": 604800}
        assert bool(more) == (name == "backups")
    (cool,) = inputs(declared, "storage-backups-lifecycle")["rules"][1:]
    assert cool["conditions"] == {"prefix": "restic/data/"}
    (transition,) = cool["storageClassTransitions"]
    assert transition == {"condition": {"type": "Age", "maxAge": 30 * 86400}, "storageClass": "InfrequentAccess"}


@pytest.mark.parametrize("place", PLACES)
def test_without_backups_nothing_is_locked(place: str) -> None:
    """`backups: null`: files alone."""
    declared = storage(place, backups=None, containers=["knowledge"])
    assert "immutable" not in str([one.inputs for one in declared])
    assert not [one for one in declared if one.token.endswith(":R2BucketLock")]
    assert [one for one in declared if one.name == "storage-knowledge" and one.protect]


# -- settings ----------------------------------------------------------------------------------------------------------


def problems_of(**more: Any) -> list[Problem]:
    """What is wrong with prod's settings when its storage is told something else."""
    config = config_of("prod")
    services = {**config["services"], "storage": {**config["services"]["storage"], **more}}
    return read_settings("prod", {**config, "services": services}, "Pulumi.prod.yaml")[1]


@pytest.mark.parametrize(
    ("more", "path", "why", "mend"),
    [
        ({"backups": {"immutableDays": 0}}, "backups/immutableDays", "greater than or equal to 1", ""),
        ({"backups": {"immutableDays": 31}}, "backups/immutableDays", "Ley 21.719", "30 or fewer"),
        ({"backups": {"immutableDays": 146000}}, "backups/immutableDays", "Ley 21.719", "30 or fewer"),
        ({"backups": {"container": "restic"}}, "backups", "no container is called restic", "add it to containers"),
        ({"backups": {"repositories": ["a/b"]}}, "backups/repositories/0", "not 1 to 40", "as in restic"),
        ({"backups": {"repositories": []}}, "backups/repositories", "at least 1", ""),
        ({"backups": {"coolAfterDays": 0}}, "backups/coolAfterDays", "greater than or equal to 1", ""),
        (
            {"placement": {"where": "azure", "keepDeletedDays": 7}, "backups": {"immutableDays": 14}},
            "backups",
            "kept for 7 days only",
            "keepDeletedDays of 14",
        ),
    ],
)
def test_what_can_not_be_kept_is_refused(more: dict[str, Any], path: str, why: str, mend: str) -> None:
    """With its place in the file, the reason and the mend."""
    problem, *_ = problems_of(**more)
    assert f"smarteros:services/storage/{path}:" in str(problem)
    assert why in str(problem)
    assert mend in str(problem)
