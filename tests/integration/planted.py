"""A program that plants what is left of a tenant where its end has to find it, beside its stack."""

from __future__ import annotations

__all__ = ["PROGRAM"]

PROGRAM = """
import json, os, sys, uuid
told = json.loads(os.environ["PLANTED"])
sys.path.insert(0, told["root"])
from pulumi import CustomResource, ProviderResource, ResourceOptions
from tenants.names import TenantNames
from tenants.platform import Blobs
from tenants.blob_stores.azure import azure_provider
from tenants.blob_stores.store import BlobContainerArgs
from tenants.steps.blobs import BlobContainer
from tenants.providers import cloudflare_provider
from tenants.steps.dns import Dns, DnsArgs
slug, blobs = told["slug"], Blobs(**told["blobs"])
BlobContainer(
    "blobs",
    BlobContainerArgs(
        blobs=blobs, names=TenantNames(slug), tags={**told["tags"], "tenant": slug},
        role_assignment=str(uuid.uuid4()), is_open=True,
    ),
    ResourceOptions(providers=[azure_provider("azure", blobs)]),
)
Dns(
    "dns",
    DnsArgs(zone_id=told["zone"], domain=told["domain"], target=told["edge"], slug=slug),
    ResourceOptions(providers=[cloudflare_provider("cloudflare", "t" * 40)]),
)
host = ProviderResource("docker", "host", told["docker"]["inputs"], ResourceOptions(version=told["docker"]["version"]))
labels = [{"label": "smarteros.tenant", "value": slug}]
CustomResource(
    "docker:index/volume:Volume", "volume", {"name": "planted", "labels": labels},
    ResourceOptions(provider=host, version=told["docker"]["version"]),
)
"""
