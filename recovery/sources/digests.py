"""What is in a database at the moment of a connection's snapshot: rows and a checksum by table, sequences, and what its
schema consists of. Computed by the server, in few questions, whatever the order of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from recovery.manifest import Digests

if TYPE_CHECKING:
    import psycopg

__all__ = ["digests_of"]

AT_ONCE = 40
_TABLES = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
"""
# A sum over 64-bit hashes does not depend on the order. ROW(…): a cast of the table's own type to text could be a
# function of whoever owns the table.
_ONE_TABLE = (
    'SELECT {0}, count(*), coalesce(sum(hashtextextended(ROW(t.*)::text COLLATE "C", 0)::numeric), 0)::text '
    "FROM ONLY {1} t"
)
_SEQUENCES = """
SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), coalesce(last_value::text, 'unused')
FROM pg_sequences ORDER BY 1
"""
_LARGE_OBJECTS = """
SELECT count(*), coalesce(sum(hashtextextended(oid::text || md5(lo_get(oid)), 0)::numeric), 0)::text
FROM pg_largeobject_metadata WHERE pg_has_role(lomowner, 'USAGE')
"""
_OURS = "{0} NOT LIKE 'pg\\_%' AND {0} <> 'information_schema'"
_NOT_OF_AN_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = x.oid AND d.deptype = 'e')"
_SCHEMA = {
    "triggers": f"""
        SELECT n.nspname || '.' || c.relname || ' ' || x.tgname || ' ' || x.tgenabled::text || pg_get_triggerdef(x.oid)
        FROM pg_trigger x JOIN pg_class c ON c.oid = x.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT x.tgisinternal AND {_OURS.format("n.nspname")}""",  # noqa: S608 - constants of this file
    "indexes": f"""
        SELECT pg_get_indexdef(x.oid) FROM pg_class x JOIN pg_namespace n ON n.oid = x.relnamespace
        WHERE x.relkind IN ('i', 'I') AND {_OURS.format("n.nspname")} AND {_NOT_OF_AN_EXTENSION}""",  # noqa: S608 - constants of this file
    "constraints": f"""
        SELECT n.nspname || '.' || coalesce(c.relname, '') || ' ' || x.conname || ' ' || pg_get_constraintdef(x.oid)
        FROM pg_constraint x LEFT JOIN pg_class c ON c.oid = x.conrelid JOIN pg_namespace n ON n.oid = x.connamespace
        WHERE {_OURS.format("n.nspname")} AND {_NOT_OF_AN_EXTENSION}""",  # noqa: S608 - constants of this file
    "functions": f"""
        SELECT n.nspname || '.' || x.proname || ' ' || pg_get_function_identity_arguments(x.oid) || ' ' || md5(x.prosrc)
        FROM pg_proc x JOIN pg_namespace n ON n.oid = x.pronamespace
        WHERE {_OURS.format("n.nspname")} AND {_NOT_OF_AN_EXTENSION}""",  # noqa: S608 - constants of this file
    "views": f"""
        SELECT n.nspname || '.' || x.relname || ' ' || md5(pg_get_viewdef(x.oid))
        FROM pg_class x JOIN pg_namespace n ON n.oid = x.relnamespace
        WHERE x.relkind IN ('v', 'm') AND {_OURS.format("n.nspname")} AND {_NOT_OF_AN_EXTENSION}""",  # noqa: S608 - constants of this file
    "policies": f"""
        SELECT n.nspname || '.' || c.relname || ' ' || x.polname || ' ' || coalesce(pg_get_expr(x.polqual, c.oid), '')
        FROM pg_policy x JOIN pg_class c ON c.oid = x.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {_OURS.format("n.nspname")}""",  # noqa: S608 - constants of this file
}


def digests_of(connection: psycopg.Connection[Any]) -> Digests:
    """Of the database that a connection is in, which reads in one snapshot and may read every table. Raises
    psycopg.Error.
    """
    rows: dict[str, int] = {}
    contents: dict[str, str] = {}
    names = [str(name) for (name,) in connection.execute(_TABLES)]
    for some in _some(names):
        for name, count, checksum in connection.execute(_together(some)):
            rows[str(name)], contents[str(name)] = int(count), str(checksum)
    count, checksum = connection.execute(_LARGE_OBJECTS).fetchone() or (0, "0")
    if count:
        rows["(large objects)"], contents["(large objects)"] = int(count), str(checksum)
    for what, query in _SCHEMA.items():
        rows[f"({what})"], contents[f"({what})"] = _listed(connection, query)
    sequences = {str(name): str(value) for name, value in connection.execute(_SEQUENCES)}
    return Digests(rows=rows, contents=contents, sequences=sequences)


def _some(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(names), AT_ONCE):
        yield names[begin : begin + AT_ONCE]


def _together(names: Sequence[str]) -> Any:
    from psycopg import sql

    # Names are quoted by the server itself (quote_ident); as literals they are quoted here.
    each = [sql.SQL(_ONE_TABLE).format(sql.Literal(name), sql.SQL(name)) for name in names]
    return sql.SQL(" UNION ALL ").join(each)


def _listed(connection: psycopg.Connection[Any], query: str) -> tuple[int, str]:
    from psycopg import sql

    hashed = "SELECT count(*), coalesce(sum(hashtextextended(q.line, 0)::numeric), 0)::text FROM ({}) AS q(line)"
    row = connection.execute(sql.SQL(hashed).format(sql.SQL(query))).fetchone() or (0, "0")
    return int(row[0]), str(row[1])
