"""One tenant's databases as of any moment: out of the cluster as it was, beside the living, compared, put in place.

Nobody else's database is written to, read or closed. The old one stays aside, until it is told to go.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import monotonic

from recovery.manifest import Part
from recovery.marker import Marker
from recovery.sources.databases import FILE, Database
from recovery.sources.logins import Server
from recovery.sources.returned import beside_name
from recovery.sources.source import Context, NotRestorable
from recovery.wal.archive import WalArchive, WalError
from recovery.wal.scratch import ScratchCluster, cluster_at

__all__ = ["Returned", "parts_at", "tenant_at"]

BLOCK = 1 << 20
STORE = "wal"
"""Of a part that is in no store: it came out of the log."""


@dataclass(frozen=True)
class Returned:
    """A database that is back, and how long it took."""

    database: str
    old: str
    """What the one that was there is called now, empty where there was none; of a copy, what it is called."""
    cluster_s: float
    """Until the cluster was there as it was…"""
    database_s: float
    """… and from there until the database was in its place."""


@contextlib.contextmanager
def parts_at(
    ctx: Context,
    archive: WalArchive,
    wanted: list[Database],
    moment: datetime,
    folder: Path,
    *,
    by_servers_clock: bool = False,
) -> Iterator[list[tuple[Database, Part, Path, float]]]:
    """Each database as of the moment: its source, the part as a backup would have it, and the folder with its file; and
    how long the cluster took. For the block. Raises WalError, SourceFailed.
    """
    room = sum(one.size for one in wanted)
    with cluster_at(archive, moment, folder, ctx.say, by_servers_clock=by_servers_clock, more_bytes=room) as cluster:
        found = []
        for number, one in enumerate(wanted):
            place = cluster.folder / f"part-{number}"
            place.mkdir(mode=0o700)
            found.append((one, _part(ctx, cluster, one, place), place, cluster.seconds))
        yield found


def tenant_at(
    ctx: Context,
    archive: WalArchive,
    wanted: list[Database],
    moment: datetime,
    folder: Path,
    *,
    by_servers_clock: bool = False,
    to: str = "",
    left_aside: Callable[[Part, str], None] = lambda part, old: None,
) -> list[Returned]:
    """Puts a tenant's databases on one server back as they were; or with `to`, keeps them beside, as that slug's. Done
    again after a crash, it begins anew beside what lives. `left_aside` is told what stays under another name.

    Raises WalError, SourceFailed, NotRestorable; then nothing that lives was touched.
    """
    back: list[Returned] = []
    ctx = replace(ctx, marker=Marker.of(moment))  # as what it comes back, and what the old one is called after
    with parts_at(ctx, archive, wanted, moment, folder, by_servers_clock=by_servers_clock) as parts:
        for one, part, place, cluster_s in parts:
            begun = monotonic()
            name = beside_name(one.database, ctx.marker)
            one.restore_beside(ctx, place, part, name)
            if differing := one.check(ctx, part, name):
                raise NotRestorable(
                    f"{one.database} as of {moment.isoformat()}: what came back differs: {'; '.join(differing[:5])}. "
                    f"It is beside the living one, as {name}, which was not touched. Fix: restore it again"
                )
            old = one.keep_beside(ctx, part, name, to) if to else one.put_in_place(ctx, part, name)
            if old:
                left_aside(part, old)
            back.append(Returned(one.database, old, cluster_s, monotonic() - begun))
            ctx.say(f"{one.database} as it was at {moment.isoformat()}: " + (f"{old}" if to else "in its place"))
    return back


def _part(ctx: Context, cluster: ScratchCluster, one: Database, place: Path) -> Part:
    begun = monotonic()
    _is_there(cluster, one)
    there = replace(one, server=_scratch_server(one.server, cluster))
    sha256, size = hashlib.sha256(), 0
    with there.capture(ctx, place) as captured:
        if captured.stream is None:
            raise WalError(f"{one.name}: a database without a stream")
        with captured.stream() as stream, (place / FILE).open("wb") as file:
            while block := stream.read(BLOCK):
                sha256.update(block)
                size += len(block)
                file.write(block)
        return Part(
            name=one.name,
            kind=one.kind,
            service=one.service,
            tenant=one.tenant,
            domain=one.domain,
            store=STORE,
            snapshot=cluster.copy.name,
            file=FILE,
            bytes=size,
            seconds=monotonic() - begun,
            taken_at=cluster.moment,
            digests=captured.digests(),
            sha256=sha256.hexdigest(),
            versions=captured.versions,
            facts=captured.facts,
        )


def _scratch_server(living: Server, cluster: ScratchCluster) -> Server:
    return replace(living, port=cluster.port, admin=cluster.admin, password=cluster.password, sslmode="disable")


def _is_there(cluster: ScratchCluster, one: Database) -> None:
    with cluster.connect("postgres") as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", (one.database,)).fetchone() is None:
            raise WalError(
                f"{one.database} was not there at {cluster.moment.isoformat()}: it was made later, or dropped. "
                "Fix: another moment; what dumps there are of it: ./smos backups"
            )
