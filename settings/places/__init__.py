"""Where parts of a platform can be, one kind of place a file: what the file may say of it, and what it can.

A new kind is its file here, its line below, and its placement (components/placements/chosen.py).
"""

from __future__ import annotations

from settings.places.azure import AzureBlobs, AzurePostgres, OnAzure
from settings.places.docker import DockerPostgres, OnDocker
from settings.places.place import (
    Accepts,
    Anywhere,
    BlobPlace,
    ContainerPlace,
    DatabasePlace,
    Place,
    TooFew,
    accepted,
    narrowed,
    place,
    tag_of,
)
from settings.places.r2 import OnR2

__all__ = [
    "Accepts",
    "Anywhere",
    "AzureBlobs",
    "AzurePostgres",
    "BlobPlace",
    "ContainerPlace",
    "DatabasePlace",
    "DockerPostgres",
    "OnAzure",
    "OnDocker",
    "OnR2",
    "Place",
    "TooFew",
    "accepted",
    "narrowed",
    "place",
    "tag_of",
]
