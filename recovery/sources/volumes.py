"""Files: the volumes of a host that hold what nothing else backs up (Chatwoot's attachments, Odoo's filestore).

Which there are, the state of the platform says: every volume but those of secret files, which are made anew from the
keyring, and those whose content has a source of its own (`HELD_OTHERWISE`). So a new service's files are in the backups
without a line here. They are taken after the databases: an attachment that a row names is there then, while Odoo's own
dump copies its files first and so loses what came in between (odoo/odoo, odoo/service/db.py, dump_db).

The service should not write while its files are given their place: what it makes in that moment is in neither.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from recovery.manifest import Digests, Kind, Part
from recovery.sources import volume_commands as commands
from recovery.sources.source import Captured, Context, NotRestorable, SourceFailed
from recovery.sources.tar_digests import Watched, digests_of, watched

if TYPE_CHECKING:
    from settings.hosts import RemoteHost

__all__ = ["HELD_OTHERWISE", "VolumeSource", "source_of", "sources"]

VOLUME = "docker:index/volume:Volume"
HELD_OTHERWISE: Mapping[str, str] = {
    "redis": "recovery/sources/redis.py: as keys, of one moment",
    "vault": "recovery/sources/vault.py: as a snapshot of its storage",
    "postgres": "recovery/sources/databases.py: as databases",
}
"""Whose volumes are no files of ours: service → what backs their content up."""
_SECRETS = "-secrets"
"""How the volumes of secret files end: they are made anew from the keyring (components.placements.docker)."""


@dataclass(frozen=True)
class VolumeSource:
    """One volume of a host."""

    volume: str
    """As Docker calls it."""
    service: str
    host: RemoteHost | None
    """None: the machine of whoever runs this, whose Docker engine nobody reaches over SSH."""
    machine: str
    tenant: str = ""
    kind: Kind = "volume"

    @property
    def name(self) -> str:
        """`volume:` and what Docker calls it."""
        return f"volume:{self.volume}"

    @property
    def domain(self) -> str:
        """Its host."""
        return f"host:{self.machine}"

    @contextlib.contextmanager
    def capture(self, ctx: Context, folder: Path) -> Iterator[Captured]:
        """A tar of it, as it is while it is read."""
        self._must_exist(ctx)
        with self._output(ctx, commands.size(ctx.settings.image(commands.HELPER), self.volume)) as said:
            size = int((said.read(1000).split() or [b"0"])[0])
        seen: list[Watched] = []

        @contextlib.contextmanager
        def stream() -> Iterator[IO[bytes]]:
            command = commands.pack(ctx.settings.image(commands.HELPER), self.volume)
            with self._output(ctx, command) as packed, watched(packed) as found:
                seen.append(found)
                yield found.stream
            if found.digests is None:
                raise SourceFailed(f"{self.name}: what the host sent is no whole archive: {found.failed}. {_AGAIN}")

        def digests() -> Digests:
            if not seen or seen[-1].digests is None:
                raise RuntimeError("unreachable: the stream was read to its end before")
            return seen[-1].digests

        yield Captured(
            taken_at=datetime.datetime.now(datetime.UTC),
            stream=stream,
            size=size,
            digests=digests,
            facts={"volume": self.volume, "host": self.machine},
        )

    def restore_beside(self, ctx: Context, folder: Path, part: Part, name: str) -> None:
        """Unpacks it in the volume itself, in a folder of its own."""
        self._must_exist(ctx)
        with (folder / part.file).open("rb") as content:
            self._given(ctx, commands.unpack(ctx.settings.image(commands.HELPER), self.volume, _named(name)), content)

    def check(self, ctx: Context, part: Part, name: str) -> list[str]:
        """Every file's content, mode and owner."""
        command = commands.pack(ctx.settings.image(commands.HELPER), self.volume, _named(name))
        with self._output(ctx, command) as packed:
            found = digests_of(packed)
        return part.digests.differences(found)

    def put_in_place(self, ctx: Context, part: Part, name: str) -> str:
        """By renaming what is at the top of the volume: nothing is copied."""
        old = f"{_named(name)}_before_{part.taken_at.astimezone(datetime.UTC):%Y%m%d-%H%M%S}"
        self._given(ctx, commands.swap(ctx.settings.image(commands.HELPER), self.volume, _named(name), old), None)
        return old

    def remove_old(self, ctx: Context, old: str) -> None:
        """What was there before a restore."""
        if "_before_" not in old:
            raise NotRestorable(f"{self.name}: {old} is nothing that a restore left aside. Nothing was removed")
        self._given(ctx, commands.remove(ctx.settings.image(commands.HELPER), self.volume, old), None)

    # -- the host ------------------------------------------------------------------------------------------------------

    @property
    def _reached(self) -> RemoteHost:
        if self.host is None:
            raise SourceFailed(
                f"{self.name}: volumes of this machine's own Docker engine are not read: nobody reaches it over SSH. "
                f"Fix: docker run --rm --volume {self.volume}:/volume:ro … tar, to another machine"
            )
        return self.host

    def _must_exist(self, ctx: Context) -> None:
        from hosts.ssh import SshProblem, run

        try:
            status, _, said = asyncio.run(run(self._reached, commands.exists(self.volume), ctx.place.ssh_config))
        except SshProblem as problem:
            raise SourceFailed(f"{self.name}: {problem}") from None
        if status != 0:
            raise SourceFailed(
                f"{self.name}: host {self.machine} has no such volume ({said.strip()}). Fix: ./smos up {ctx.stack} "
                "makes it again, empty; then ./smos restore fills it"
            )

    @contextlib.contextmanager
    def _output(self, ctx: Context, command: str) -> Iterator[IO[bytes]]:
        from hosts.pipe import output_of
        from hosts.ssh import SshProblem

        try:
            with output_of(self._reached, command, ctx.place.ssh_config) as stream:
                yield stream
        except SshProblem as problem:
            raise SourceFailed(f"{self.name}: {problem} {_AGAIN}") from None

    def _given(self, ctx: Context, command: str, content: IO[bytes] | None) -> None:
        from hosts.pipe import given
        from hosts.ssh import SshProblem

        try:
            given(self._reached, command, content, ctx.place.ssh_config)
        except SshProblem as problem:
            raise SourceFailed(f"{self.name}: {problem} {_AGAIN}") from None


_AGAIN = "Fix: the same command again; ./smos doctor says whether the host can be reached"


def source_of(ctx: Context, part: Part) -> VolumeSource | None:
    """That of a part of this kind. Raises SourceFailed where its host is not in the settings any more."""
    if part.kind != "volume":
        return None
    host = next((host for host in ctx.settings.remote_hosts if host.name == part.facts["host"]), None)
    if host is None:
        raise SourceFailed(f"{part.name}: smarteros:hosts has no {part.facts['host']} any more. Fix: add it again")
    return VolumeSource(part.facts["volume"], part.service, host, host.name, tenant=part.tenant)


def sources(ctx: Context) -> Sequence[VolumeSource]:
    """The volumes of every host, as the state of the platform has them."""
    return tuple(_volumes(ctx))


def _volumes(ctx: Context) -> Iterator[VolumeSource]:
    from deploy.target import PROJECT
    from tenants.state import deployment, resources_of

    found = deployment(ctx.place, ctx.place.project, PROJECT, ctx.stack)
    hosts = {host.name: host for host in ctx.settings.remote_hosts}
    names = {server.name for server in ctx.settings.database_servers}
    for one in resources_of(found or {}):
        if one.get("type") != VOLUME:
            continue
        part = str(one["urn"]).rsplit("::", 1)[-1]
        service = _service_of(part, names, ctx)
        if not part.endswith(_SECRETS) and service not in HELD_OTHERWISE:
            machine = _machine(ctx, service)
            name = str(one["inputs"]["name"])
            yield VolumeSource(volume=name, service=service, host=hosts.get(machine), machine=machine)


def _service_of(part: str, servers: set[str], ctx: Context) -> str:
    """Whose a volume is: its resource is named after its service, or after a database server."""
    running = [key for key, _ in ctx.settings.services.running()]
    fitting = [key for key in running if part == key or part.startswith(f"{key}-")]
    if fitting:
        return max(fitting, key=len)
    return "postgres" if any(name in part for name in servers) else part


def _machine(ctx: Context, service: str) -> str:
    for key, one in ctx.settings.services.running():
        if key == service and one.place is not None:
            return str(one.place.machine)
    return ""


def _named(name: str) -> str:
    """What a restore is called in a volume."""
    return "".join(letter if letter.isalnum() or letter in "_-" else "-" for letter in name.lower())
