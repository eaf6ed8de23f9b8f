"""What the blob storage may be told."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from settings.parts import Setting
from settings.places import Accepts, BlobPlace
from settings.problems import fault
from settings.services.service import Service

__all__ = ["Backups", "Storage"]

ERASURE_DAYS = 30
"""Within so many days a request to erase personal data must be answered (Ley 21.719, article 11 of the law that it
rewrites). What can't be deleted for longer would break that promise: docs/adr/backups-are-immutable.md.
"""


def _is_container_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:-?[a-z0-9]){2,62}", value):
        raise fault("a blob container has 3 to 63 lower-case letters, digits and single hyphens", "as in backups")
    return value


def _is_folder(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:-?[a-z0-9]){0,39}", value):
        raise fault("not 1 to 40 lower-case letters, digits and single hyphens", "a folder's name, as in restic")
    return value


ContainerName = Annotated[str, AfterValidator(_is_container_name)]


class Backups(Setting):
    """The container that holds backups, in restic's repositories and nothing else."""

    container: ContainerName = Field("backups", description="Which one of containers it is")
    repositories: tuple[Annotated[str, AfterValidator(_is_folder)], ...] = Field(
        ("restic",), min_length=1, max_length=10, description="The folders of restic's repositories in it"
    )
    immutable_days: int = Field(
        14, ge=1, description="How long nobody can delete or overwrite what is in a backup, also no administrator"
    )
    cool_after_days: int | None = Field(
        30, ge=1, description="After how many days the packs of a repository move to a cheaper tier; null: never"
    )

    @field_validator("immutable_days")
    @classmethod
    def _erasable(cls, value: int) -> int:
        if value > ERASURE_DAYS:
            why = (
                f"who asks to be erased must be answered within {ERASURE_DAYS} days (Ley 21.719), and nothing could be"
            )
            raise fault(why, f"{ERASURE_DAYS} or fewer")
        return value


class Storage(Service):
    """Files and backups, as blobs."""

    placement: Annotated[BlobPlace, Accepts(BlobPlace)] = Field(description="Where it is")
    containers: tuple[ContainerName, ...] = Field(
        ("backups", "knowledge", "attachments"), min_length=1, description="The blob containers"
    )
    backups: Backups | None = Field(
        Backups.model_validate({}), description="How backups are kept; null: no container is for them"
    )

    @field_validator("backups")
    @classmethod
    def _kept(cls, value: Backups | None, info: ValidationInfo) -> Backups | None:
        containers, placement = info.data.get("containers", ()), info.data.get("placement")
        if value is None or not containers:
            return value
        if value.container not in containers:
            raise fault(f"no container is called {value.container}", "add it to containers, or backups: null")
        kept_days = placement.deleted_kept_days if placement is not None else None
        if kept_days is not None and kept_days < value.immutable_days:
            kept = f"what is deleted is kept for {kept_days} days only"
            raise fault(kept, f"keepDeletedDays of {value.immutable_days} or more, or a lower immutableDays")
        return value
