"""A machine with Docker as a kind of place: containers behind its own reverse proxy, and a PostgreSQL container."""

from __future__ import annotations

from collections.abc import Mapping

from pulumi import ProviderResource, Resource, ResourceOptions

from components.placements.docker.connection import docker_provider
from components.placements.docker.host import DockerHost, DockerHostArgs, Guest
from components.placements.kind import Kind, Providers
from settings import Settings

__all__ = ["DOCKER", "DockerHost", "DockerHostArgs", "Guest", "docker_provider"]


def _providers(settings: Settings, parent: Resource) -> Mapping[str, ProviderResource]:
    """One a host."""
    return {
        host.name: docker_provider(f"docker-{host.name}", host, ResourceOptions(parent=parent))
        for host in settings.hosts
    }


def _placements(settings: Settings, parent: Resource, providers: Providers) -> Mapping[str, DockerHost]:
    """One a host."""
    return {
        host.name: DockerHost(
            host.name,
            DockerHostArgs(settings=settings, host=host),
            ResourceOptions(parent=parent, providers=[providers.own["docker"][host.name]]),
        )
        for host in settings.hosts
    }


DOCKER = Kind(where="docker", providers=_providers, placements=_placements)
