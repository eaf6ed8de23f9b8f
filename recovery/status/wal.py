"""How far the logs of servers on hosts have come, and whether anybody receives them: here, or on another machine."""

from __future__ import annotations

from collections.abc import Iterator

from recovery.status.probe import Finding, Look, Probe

__all__ = ["PROBE"]


def _ask(look: Look) -> Iterator[Finding]:
    from recovery.wal.archive import archives_of
    from recovery.wal.opened import archive_folder

    for archive in archives_of(look.settings, archive_folder(look.place)):
        yield _here(look, archive.server) if archive.folder.is_dir() else _elsewhere(look, archive.server)


def _here(look: Look, server: str) -> Finding:
    from recovery.wal.archive import archives_of
    from recovery.wal.opened import archive_folder, source_of
    from recovery.wal.status import status

    archive = next(one for one in archives_of(look.settings, archive_folder(look.place)) if one.server == server)
    found = status(archive, source_of(look.place, look.settings, server), look.now)
    facts = {"lag_s": found.lag_s, "kept_bytes": found.lag_bytes, "last_segment": found.last_segment}
    if found.problems:
        says, mend = "; ".join(found.problems), "./smos wal status"
        return Finding(probe="wal", subject=server, level="bad", says=says, mend=mend, facts=facts)
    says = f"its log is here until {found.lag_s or 0:.0f} s ago; whole copy {found.copy.name if found.copy else 'none'}"
    return Finding(probe="wal", subject=server, level="good", says=says, facts=facts)


def _elsewhere(look: Look, server: str) -> Finding:
    """What the server says of its receiver, which is on another machine, or nowhere."""
    import psycopg

    from recovery.wal.opened import source_of
    from recovery.wal.slot import slot_of

    try:
        slot = slot_of(source_of(look.place, look.settings, server))
    except psycopg.Error as error:
        raise OSError(f"{server}: {str(error).strip().splitlines()[0]}") from None
    if slot is not None and slot.active:
        return Finding(probe="wal", subject=server, level="good", says="its log is received on another machine")
    says = "its log is not received" if slot else "its log was never received: no moment of it can be had"
    mend = f"./smos wal receive --stack {look.stack}, on a machine that is lost with no host (docs/point-in-time.md)"
    return Finding(probe="wal", subject=server, level="bad" if slot else "warning", says=says, mend=mend)


PROBE = Probe(name="wal", title="Logs of PostgreSQL", ask=_ask, limit_s=30.0)
