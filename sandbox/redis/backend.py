"""What stands behind containers that run Redis."""

from __future__ import annotations

from sandbox.core.backend import Backend, Site
from sandbox.docker.backing import BehindContainers
from sandbox.redis.server.containers import RedisContainers

__all__ = ["BACKEND"]


def BACKEND(site: Site) -> Backend:
    """One sandbox's."""
    return BehindContainers("redises", RedisContainers(site.folder / "redis", site.cloud))
