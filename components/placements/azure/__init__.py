"""Azure as a kind of place: Container Apps, Flexible Server for PostgreSQL, and blob storage."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi_azure_native as azure_native
from pulumi import ProviderResource, Resource, ResourceOptions

from components.placements.azure.platform import AzurePlatform, AzurePlatformArgs
from components.placements.kind import Kind, Providers
from settings import Settings

__all__ = ["AZURE", "AzurePlatform", "AzurePlatformArgs"]


def _providers(settings: Settings, parent: Resource) -> Mapping[str, ProviderResource]:
    """One, of the subscription."""
    if settings.azure is None:
        return {}
    return {
        "": azure_native.Provider(
            "azure",
            subscription_id=settings.azure.subscription_id,
            tenant_id=settings.azure.tenant_id,
            opts=ResourceOptions(parent=parent),
        )
    }


def _placements(settings: Settings, parent: Resource, providers: Providers) -> Mapping[str, AzurePlatform]:
    """One, where the settings have smarteros:azure."""
    if settings.azure is None:
        return {}
    inside = ResourceOptions(parent=parent, providers=[*providers.shared])
    return {"": AzurePlatform("azure", AzurePlatformArgs(settings=settings), inside)}


AZURE = Kind(where="azure", providers=_providers, placements=_placements)
