"""An environment, opened for a backup or a restore: settings, keyring, forwards, repositories."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deploy import guards
from deploy.guards import NotReady
from deploy.object_stores import stores_ready
from deploy.target import RunTarget, agreed
from kept.say import Say
from recovery.marker import Marker
from recovery.restic import Restic
from recovery.sources.source import Context
from recovery.stores import repositories
from settings import open_keyring
from tenants.platform import Platform, platform_of
from tenants.state import stacks_of
from tenants.workfolder import folder_of

__all__ = ["Opened", "opened", "reached"]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An environment and the repositories of its stores, by their names."""

    ctx: Context
    stores: Mapping[str, Restic]


def opened(place: RunTarget, stack: str, marker: Marker, say: Say) -> Opened:
    """Without a forward: enough for what is in the stores. Raises SettingsError, KeyringError, NoBackups."""
    settings = guards.settings_of(place, stack)
    agreed(place)
    keyring = open_keyring(place.environ)
    stores_ready(place, settings)
    ctx = Context(
        place=place,
        settings=settings,
        keyring=keyring,
        marker=marker,
        say=say,
        platform=_platform(place, stack),
        slugs=tuple(sorted(stacks_of(place, folder_of(place, "")))),
    )
    return Opened(ctx=ctx, stores=repositories(place, settings, keyring))


@contextlib.contextmanager
def reached(place: RunTarget, stack: str, marker: Marker, say: Say) -> Iterator[Opened]:
    """With the forwards, for the block. Raises NotReached besides."""
    found = opened(place, stack, marker, say)
    with guards.tunnel_open(place, found.ctx.settings, say):
        yield found


def _platform(place: RunTarget, stack: str) -> Platform | None:
    """What tenants know of it; None where it is not up, or has no place for them."""
    try:
        return platform_of(place, stack)
    except NotReady:
        return None
