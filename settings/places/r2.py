"""Cloudflare R2 as a place: buckets for blobs. It runs no containers, no databases and no Redis."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from settings.places.place import BlobPlace, place

__all__ = ["OnR2"]


@place
class OnR2(BlobPlace):
    """Buckets of Cloudflare R2, which keeps each object in several places and no old versions."""

    where: Literal["r2"] = Field(description="Cloudflare R2")
    location: Literal["apac", "eeur", "enam", "oc", "weur", "wnam"] = Field(
        "enam", description="Near which region the objects lie; a wish, kept from a bucket's first creation on"
    )

    called: ClassVar[str] = "R2"
    needs_section: ClassVar[str] = "cloudflare"
    preference: ClassVar[int] = 1
