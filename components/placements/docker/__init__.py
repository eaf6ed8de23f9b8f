"""A machine with Docker as a placement: containers behind its own reverse proxy, and a PostgreSQL
container.
"""

from __future__ import annotations

from components.placements.docker.connection import docker_provider
from components.placements.docker.host import DockerHost, DockerHostArgs, Guest

__all__ = ["DockerHost", "DockerHostArgs", "Guest", "docker_provider"]
