"""What the sandbox is asked to simulate besides the vendors' types: zones that exist, hosts that were rented, ways in,
and a Docker engine on this machine itself.

Written by who knows the settings, read by the server. Nothing secret is in it: keys lie in the host's folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kept import Damaged
from sandbox.home import ANEW, Home, read_json, write_private

__all__ = ["ENGINE", "HOST", "ZONE", "Machine", "Scene", "Way", "Zone"]

ZONE, HOST, ENGINE = "sandbox:zone", "sandbox:host", "sandbox:engine"
"""The records of what the scene names: a zone, a machine, this machine's own Docker engine."""


@dataclass(frozen=True)
class Zone:
    """A DNS zone of a Cloudflare account."""

    zone_id: str
    account_id: str
    name: str


@dataclass(frozen=True)
class Machine:
    """A rented server with nothing on it but SSH."""

    name: str
    address: str
    port: int
    user: str
    """Whom the bootstrap makes."""
    bootstrap_user: str = "root"
    """Who is there from the beginning."""


@dataclass(frozen=True)
class Way:
    """An SSH forward that is kept open for plain runs of the engine."""

    name: str
    local_port: int
    address: str
    """The machine it goes through."""
    target_host: str
    target_port: int


@dataclass(frozen=True)
class Scene:
    """All that the sandbox is to simulate: zones, machines, ways in, and this machine's own Docker engine."""

    zones: tuple[Zone, ...] = field(default=())
    machines: tuple[Machine, ...] = field(default=())
    ways: tuple[Way, ...] = field(default=())
    own_engine: str = ""
    """The address of this machine's own Docker engine, where an environment is on it."""

    def write(self, home: Home) -> None:
        """Keeps it for the server."""
        write_private(home.folder / "scene.json", json.dumps(asdict(self)))

    @classmethod
    def read(cls, home: Home) -> Scene:
        """The scene that was kept; an empty one when there is none."""
        file = home.folder / "scene.json"
        data: Mapping[str, Any] = read_json(file) or {}
        try:
            return cls(
                zones=tuple(Zone(**one) for one in data.get("zones", [])),
                machines=tuple(Machine(**one) for one in data.get("machines", [])),
                ways=tuple(Way(**one) for one in data.get("ways", [])),
                own_engine=str(data.get("own_engine", "")),
            )
        except TypeError as error:
            raise Damaged(file, f"not what belongs there ({error})", ANEW) from None
