"""What every restored database is asked, whoever's it is: whether it could go on where it was.

A dump that was loaded may have all its rows and still refuse the next one: a counter is behind, an index is not valid,
a trigger is off. And a vector that came back is of use only when it is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from recovery.drill.proof import Answer, Outcome

__all__ = ["general_answers"]

_COUNTERS = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(s.relname), t.oid::regclass::text, a.attname,
       pg_sequence_last_value(s.oid), seqincrement
FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass
  AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace n ON n.oid = s.relnamespace
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
JOIN pg_sequence q ON q.seqrelid = s.oid
WHERE s.relkind = 'S' AND n.nspname NOT LIKE 'pg\\_%%' ORDER BY 1
"""
_INVALID = """
SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid
UNION ALL SELECT conrelid::regclass || ' ' || conname FROM pg_constraint WHERE NOT convalidated AND contype <> 'n'
UNION ALL SELECT tgrelid::regclass || ' ' || tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'D'
"""
_VECTORS = """
SELECT n.nspname, c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
WHERE t.typname = 'vector' AND c.relkind = 'r' AND NOT a.attisdropped ORDER BY 1, 2, 3
"""
_NEAREST = 5
_NAMED = 5
"""How many of what is wrong are named; the others are counted."""


def general_answers(connection: psycopg.Connection[Any]) -> Iterator[Answer]:
    """Asks it. Nothing stays written."""
    yield _counters(connection)
    yield _invalid(connection)
    yield _vectors(connection)


def named(wrong: list[str]) -> str:
    """The first of them, and how many there are besides."""
    more = len(wrong) - _NAMED
    return ", ".join(wrong[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _counters(connection: psycopg.Connection[Any]) -> Answer:
    behind, seen = [], 0
    for counter, table, column, last, step in connection.execute(_COUNTERS).fetchall():
        seen += 1
        best = sql.SQL("max" if step > 0 else "min")
        query = sql.SQL("SELECT {}({})::numeric FROM {}").format(best, sql.Identifier(column), sql.SQL(table))
        row = connection.execute(query).fetchone()
        newest = row[0] if row else None
        if newest is not None and (last is None or (newest - last) * (1 if step > 0 else -1) > 0):
            behind.append(f"{counter} is behind {table}.{column}")
    found = named(behind) if behind else f"{seen} counters are ahead of their rows"
    outcome: Outcome = "wrong" if behind else "right" if seen else "nothing"
    return Answer(
        name="counters", asks="every counter is ahead of the rows that it numbers", outcome=outcome, found=found
    )


def _invalid(connection: psycopg.Connection[Any]) -> Answer:
    wrong = [str(one) for (one,) in connection.execute(_INVALID).fetchall()]
    return Answer(
        name="indexes-and-triggers",
        asks="every index and constraint is valid, and every trigger is on",
        outcome="wrong" if wrong else "right",
        found=named(wrong) if wrong else "none is off",
    )


def _vectors(connection: psycopg.Connection[Any]) -> Answer:
    """A real row's vector is looked for by its index: that row must be the nearest."""
    asked, wrong = [], []
    for schema, table, column in connection.execute(_VECTORS).fetchall():
        values = {"t": sql.Identifier(schema, table), "c": sql.Identifier(column), "n": sql.Literal(_NEAREST)}
        query = sql.SQL(
            "WITH one AS (SELECT ctid AS at, {c} AS v FROM {t} WHERE {c} IS NOT NULL AND vector_norm({c}) > 0 LIMIT 1) "
            "SELECT (SELECT count(*) FROM {t} WHERE {c} IS NOT NULL), (SELECT min(d) FROM "
            "(SELECT {c} <=> (SELECT v FROM one) AS d FROM {t} WHERE {c} IS NOT NULL "
            "ORDER BY {c} <=> (SELECT v FROM one) LIMIT {n}) near) FROM one"
        ).format(**values)
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL enable_seqscan = off")
            row = connection.execute(query).fetchone()
        if row:
            asked.append(f"{table}.{column}: {row[0]} vectors")
            if row[1] is None or row[1] > 1e-6:
                wrong.append(f"{table}.{column}: a vector is not nearest to itself")
    return Answer(
        name="nearest-vector",
        asks="a vector that is there is found as the nearest to itself",
        outcome="wrong" if wrong else "right" if asked else "nothing",
        found=named(wrong or asked) or "no vectors are stored",
        source="pgvector README.md (Querying)",
    )
