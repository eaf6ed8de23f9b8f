"""Where Chatwoot keeps attachments: on a volume of its host, or in a bucket of an S3."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from settings.parts import Setting, matching

__all__ = ["AttachmentsInS3", "AttachmentsOnVolume"]

HttpsUrl = Annotated[
    str,
    AfterValidator(matching(r"https://[a-z0-9.-]+(?::\d+)?", "not an https address without a path", "https://host")),
]


class AttachmentsOnVolume(Setting):
    """A volume of the host."""

    kind: Literal["volume"] = Field(description="A volume of the host, or a bucket of an S3")
    size_gb: int = Field(10, ge=1, description="How much they are expected to grow to, in GB")


class AttachmentsInS3(Setting):
    """A bucket of a store that speaks S3."""

    kind: Literal["s3"] = Field(description="A volume of the host, or a bucket of an S3")
    endpoint: HttpsUrl = Field(description="The store's address, as in https://ACCOUNT.r2.cloudflarestorage.com")
    bucket: str = Field(min_length=3, max_length=63, description="The bucket, which exists")
    region: str = Field("auto", min_length=1, description="The store's region; auto for R2")
    path_style: bool = Field(False, description="Whether the bucket is a part of the path, as MinIO has it")
