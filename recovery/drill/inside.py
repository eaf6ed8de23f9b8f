"""The process in which restored data are looked at: it takes its own network away before it opens any of them.

    python -m recovery.drill.inside < order.json > told.json

Started by `recovery.drill.sealed`, and ended with it. It says nothing but what it answers; what goes wrong with one
database is an answer about that one.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from kept.operator_error import OperatorError
from recovery.drill.asking import Given, answers
from recovery.drill.declared import recovery_of
from recovery.drill.network import attempts, close_network, end_with_parent, interfaces_up
from recovery.drill.order import Load, Loaded, Order, Told
from recovery.drill.proof import Answer, Closed
from recovery.drill.scratch import Scratch, ScratchFailed

if TYPE_CHECKING:
    import psycopg

__all__ = ["main"]

_LOAD_S = 6 * 3600
_ROLE = re.compile(rb'role "([^"]+)" does not exist')
_MOST_ROLES = 50


def main() -> None:
    """Reads the order, closes the network, does it, answers."""
    end_with_parent()
    order = Order.model_validate_json(sys.stdin.buffer.read())
    closed = close_network()
    before = attempts()
    scratch = Scratch(order.folder / "server")
    try:
        scratch.start()
        parts = {load.part: _loaded(scratch, order, load) for load in order.loads}
    finally:
        scratch.remove()
    told = Told(
        closed=Closed(
            by="namespace" if closed else "nothing",
            interfaces=interfaces_up(),
            attempts=attempts() - before if closed else 0,
        ),
        parts=parts,
    )
    sys.stdout.write(told.model_dump_json())


def _loaded(scratch: Scratch, order: Order, load: Load) -> Loaded:
    begun = time.monotonic()
    found: list[Answer] = []
    marker_at = None
    try:
        scratch.database(load.database, load.facts.get("extensions") or "null")
        _fill(scratch, load)
        with scratch.connect(load.database) as connection:
            found.append(_compared(connection, load))
            marker_at = _marker(connection)
            found.extend(answers(connection, recovery_of(order.system, load.service), _given(order, load)))
    except OperatorError as error:
        found.append(_not_loaded(str(error)))
    except Exception as error:  # one database that breaks us must not hide the others
        found.append(_not_loaded(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"))
    finally:
        with contextlib.suppress(Exception):
            scratch.drop(load.database)
    return Loaded(answers=tuple(found), seconds=round(time.monotonic() - begun, 3), marker_at=marker_at)


def _given(order: Order, load: Load) -> Given:
    return Given(secrets=load.secrets, volumes=order.volumes)


def _fill(scratch: Scratch, load: Load) -> None:
    """From empty, at the first error an end; whoever is given rights or named in a policy is made as it is named."""
    command = [str(scratch.program("pg_restore")), "--exit-on-error", "--single-transaction", "--no-owner"]
    command += ["--no-privileges", f"--dbname={load.database}", str(load.dump)]
    for _ in range(_MOST_ROLES):
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
            command,
            env=scratch.environment(load.database),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_LOAD_S,
        )
        if done.returncode == 0:
            return
        role = _ROLE.search(done.stderr)
        if role is None:
            break
        scratch.role(role[1].decode(errors="replace"))
    said = done.stderr.decode(errors="replace").strip().splitlines() or ["no word"]
    raise ScratchFailed(f"pg_restore of {load.part}: {said[0]}")


def _compared(connection: psycopg.Connection[Any], load: Load) -> Answer:
    from recovery.sources.digests import digests_of

    begun = time.monotonic()
    with connection.transaction():
        connection.execute("SET LOCAL search_path = pg_catalog")  # as the backup's: names in definitions are whole
        wrong = load.digests.differences(digests_of(connection))
    rows = sum(count for name, count in load.digests.rows.items() if not name.startswith("("))
    tables = sum(not name.startswith("(") for name in load.digests.rows)
    return Answer(
        name="as-in-the-manifest",
        asks="rows, contents, sequences and schema are as the manifest says",
        outcome="wrong" if wrong else "right" if load.digests.rows else "nothing",
        found="; ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        if wrong
        else f"{rows} rows of {tables} tables, {len(load.digests.sequences)} sequences",
        seconds=round(time.monotonic() - begun, 3),
    )


def _marker(connection: psycopg.Connection[Any]) -> datetime.datetime | None:
    import psycopg

    from recovery.marker import TABLE

    try:
        row = connection.execute(f"SELECT max(at) FROM {TABLE}").fetchone()  # noqa: S608 - our own name
    except psycopg.Error:
        return None
    return row[0] if row else None


def _not_loaded(why: str) -> Answer:
    return Answer(name="loads", asks="the dump is taken by an empty server", outcome="wrong", found=why[:500])


if __name__ == "__main__":
    os.umask(0o077)
    main()
