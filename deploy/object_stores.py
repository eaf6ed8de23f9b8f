"""The stores of backups, as a run reaches them: of simulated clouds, their buckets are started first."""

from __future__ import annotations

from deploy.target import RunTarget, Target
from settings import Settings
from settings.backups import AzblobStore

__all__ = ["stores_ready"]


def stores_ready(place: RunTarget, settings: Settings) -> None:
    """Makes ready what a run needs before it speaks to the stores. Raises SandboxError."""
    if place.target is not Target.SANDBOX:
        return
    from sandbox.home import Home
    from sandbox.object_store.client import started

    started(Home.of_clone(), [one.bucket for one in settings.backup_stores if not isinstance(one, AzblobStore)])
