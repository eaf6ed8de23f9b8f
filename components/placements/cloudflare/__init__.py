"""Cloudflare as a kind of place: buckets of R2, and nothing that runs. Its provider is the zone's, in which the
names of all places are.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi_cloudflare as cloudflare
from pulumi import ProviderResource, Resource, ResourceOptions

from components.placements.cloudflare.storage import ObjectStorage
from components.placements.kind import Kind, Providers
from settings import Settings

__all__ = ["R2", "ObjectStorage"]


def _providers(settings: Settings, parent: Resource) -> Mapping[str, ProviderResource]:
    """One, where there is a zone."""
    if settings.cloudflare is None:
        return {}
    token = settings.secrets.cloudflare_api_token
    return {"": cloudflare.Provider("cloudflare", api_token=token, opts=ResourceOptions(parent=parent))}


def _placements(settings: Settings, parent: Resource, providers: Providers) -> Mapping[str, ObjectStorage]:
    """One: what is in it is declared by the service."""
    return {"": ObjectStorage(settings)}


R2 = Kind(where="r2", providers=_providers, placements=_placements)
