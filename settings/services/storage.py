"""What the blob storage may be told."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from settings.parts import AzureBlobs, OnR2
from settings.problems import fault
from settings.services.service import Service

__all__ = ["Storage"]


def _is_container_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:-?[a-z0-9]){2,62}", value):
        raise fault("a blob container has 3 to 63 lower-case letters, digits and single hyphens", "as in backups")
    return value


class Storage(Service):
    """Files and backups, as blobs."""

    placement: Annotated[AzureBlobs | OnR2, Field(discriminator="where")] = Field(description="Where it is")
    containers: tuple[Annotated[str, AfterValidator(_is_container_name)], ...] = Field(
        ("backups", "knowledge", "attachments"), min_length=1, description="The blob containers"
    )
