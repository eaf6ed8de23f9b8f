"""PostgreSQL: a deletion that another tenant would veto, and an end of life that would need the tenant's consent."""

from __future__ import annotations

from tests.isolation.matrix import Row

__all__ = ["GIVEN", "KEPT", "ROWS", "SHUT"]

_END = "isolation/test_end_of_life.py"

# What a tenant does to another's role, in which database. {other}: the victim's role.
GIVEN: dict[str, tuple[str, str]] = {
    "a right on a table": ("own", "GRANT SELECT ON customers TO {other}"),
    "a right that may be passed on": ("own", "GRANT SELECT ON customers TO {other} WITH GRANT OPTION"),
    "a right on a column": ("own", "GRANT SELECT (secret) ON customers TO {other}"),
    "a right on a table of an odd name": ("own", 'CREATE TABLE "a;b ""c" (x int); GRANT ALL ON "a;b ""c" TO {other}'),
    "a right on a sequence": ("own", "CREATE SEQUENCE s; GRANT USAGE ON SEQUENCE s TO {other}"),
    "a right on a view": ("own", "CREATE VIEW v AS SELECT 1 AS x; GRANT SELECT ON v TO {other}"),
    "a right on a function": (
        "own",
        "CREATE FUNCTION f(int, VARIADIC text[]) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
        "GRANT EXECUTE ON FUNCTION f TO {other}",
    ),
    "a right on a procedure": ("own", "CREATE PROCEDURE p() LANGUAGE sql AS ''; GRANT ALL ON PROCEDURE p TO {other}"),
    "a right on an aggregate": (
        "own",
        "CREATE AGGREGATE agg(int) (SFUNC = int4pl, STYPE = int); GRANT EXECUTE ON FUNCTION agg(int) TO {other}",
    ),
    "a right on a type": ("own", "CREATE TYPE kind AS ENUM ('a'); GRANT USAGE ON TYPE kind TO {other}"),
    "a right on a schema": ("own", "CREATE SCHEMA more; GRANT USAGE ON SCHEMA more TO {other}"),
    "a right on its database": ("own", "GRANT CONNECT, CREATE ON DATABASE {me} TO {other}"),
    "a right on a large object": (
        "own",
        "SELECT lo_from_bytea(4711, 'x'); GRANT SELECT ON LARGE OBJECT 4711 TO {other}",
    ),
    "a right on what it will make": ("own", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {other}"),
    "a right on functions to come, in a schema": (
        "own",
        "CREATE SCHEMA later; ALTER DEFAULT PRIVILEGES IN SCHEMA later GRANT EXECUTE ON ROUTINES TO {other}",
    ),
    "a policy for it alone": ("own", "CREATE POLICY p1 ON customers TO {other} USING (true)"),
    "a policy for it and others": ("own", "CREATE POLICY p2 ON customers TO {other}, {me} USING (true)"),
    "a right on a large object in the server's own database": (
        "postgres",
        "SELECT lo_from_bytea(4712, 'x'); GRANT SELECT ON LARGE OBJECT 4712 TO {other}",
    ),
    "a right on what it will make in the server's own database": (
        "postgres",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {other}",
    ),
    "a right on what it will make in template1": (
        "template1",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {other}",
    ),
}

# What a tenant leaves by which its own role, or its own database, would stay.
KEPT: dict[str, tuple[str, str]] = {
    "a large object in the server's own database": ("postgres", "SELECT lo_from_bytea(4713, 'x')"),
    "what it will make in template1": ("template1", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC"),
    "a setting in another database": ("own", "ALTER ROLE {me} IN DATABASE postgres SET work_mem = '1MB'"),
    "its database as a template": ("own", "ALTER DATABASE {me} IS_TEMPLATE true"),
    "a table of its own in another's database that lets it in": ("other", "CREATE TABLE public.left_here (x int)"),
}

# What a tenant does to its own database by which nobody could read it to its end.
SHUT: dict[str, str] = {
    "rows hidden from their owner": "ALTER TABLE customers ENABLE ROW LEVEL SECURITY; "
    "ALTER TABLE customers FORCE ROW LEVEL SECURITY; CREATE POLICY nobody ON customers USING (false)",
    "no connections": "ALTER DATABASE {me} CONNECTION LIMIT 0",
    "no rights of its own": "REVOKE ALL ON DATABASE {me} FROM {me}",
    "no rights on a table of its own": "REVOKE ALL ON customers FROM {me}",
    "no rights on its schema": "CREATE SCHEMA inner_ CREATE TABLE t (x int); REVOKE ALL ON SCHEMA inner_ FROM {me}",
    "no rights on a large object": "SELECT lo_from_bytea(4714, 'x'); REVOKE ALL ON LARGE OBJECT 4714 FROM {me}",
    "read-only": "ALTER DATABASE {me} SET default_transaction_read_only = on",
    "a millisecond a statement": "ALTER DATABASE {me} SET statement_timeout = 1",
    "a millisecond a lock": "ALTER DATABASE {me} SET lock_timeout = 1",
    "a millisecond of idleness": "ALTER DATABASE {me} SET idle_in_transaction_session_timeout = 1",
    "an end at every mistake": "ALTER DATABASE {me} SET exit_on_error = on",
    "its own functions before PostgreSQL's": "CREATE SCHEMA evil; CREATE FUNCTION evil.current_database() RETURNS name "
    "LANGUAGE sql AS $$SELECT 'evil'::name$$; ALTER DATABASE {me} SET search_path = evil, pg_catalog",
    "quotes that end elsewhere": "ALTER DATABASE {me} SET standard_conforming_strings = off",
    "settings of its role": "ALTER ROLE {me} SET statement_timeout = 1; ALTER ROLE {me} SET role = pg_monitor",
    "a view without end": "CREATE FUNCTION endless() RETURNS int LANGUAGE plpgsql AS "
    "$$BEGIN LOOP PERFORM pg_sleep(1); END LOOP; END$$; CREATE VIEW for_ever AS SELECT endless() AS x",
}

ROWS = (
    *(
        Row(
            attacker="a tenant",
            victim="another tenant",
            service="PostgreSQL",
            act="outlive",
            attempt=f"gives its role {what}, so that it can't be dropped",
            stopped_by="asked of pg_shdepend and taken back before the role goes (provider.dependents)",
            test=f"{_END}::test_nobody_keeps_anothers_role",
        )
        for what in GIVEN
    ),
    *(
        Row(
            attacker="a tenant",
            victim="the platform",
            service="PostgreSQL",
            act="outlive",
            attempt=f"leaves {what}",
            stopped_by="its databases are made ready for their end, what it left elsewhere goes (tenants.last_rights)",
            test=f"{_END}::test_nobody_stays_by_what_it_left",
        )
        for what in KEPT
    ),
    *(
        Row(
            attacker="a tenant",
            victim="the platform",
            service="PostgreSQL",
            act="outlive",
            attempt=f"shuts its database to its own export: {what}",
            stopped_by="taken back as its owner; hidden rows are shown in a transaction that is never committed",
            test=f"{_END}::test_nobodys_consent_is_needed_for_an_export",
        )
        for what in SHUT
    ),
    Row(
        attacker="a tenant",
        victim="another tenant",
        service="PostgreSQL",
        act="outlive",
        attempt="holds its role in a transaction that never ends",
        stopped_by="the session is ended (provider.dependents), no statement waits longer than its limit",
        test=f"{_END}::test_a_transaction_that_never_ends_holds_no_role",
    ),
    Row(
        attacker="a tenant",
        victim="the platform",
        service="PostgreSQL",
        act="stop",
        attempt="LOCK TABLE, so that an export waits for ever",
        stopped_by="a limit for every lock, and who holds it is told; with closed doors its sessions are ended",
        test=f"{_END}::test_a_lock_ends_an_export_and_its_holder_is_told",
    ),
    Row(
        attacker="a tenant",
        victim="the platform",
        service="PostgreSQL",
        act="stop",
        attempt="a function that catches the end of its statement, met by who works in its database",
        stopped_by="the login's sessions are ended from outside (provider.owner_login)",
        test=f"{_END}::test_a_function_that_catches_its_end_is_ended_from_outside",
    ),
    Row(
        attacker="whoever finds a login of a killed run",
        victim="a tenant",
        service="PostgreSQL",
        act="read",
        attempt="logs in with it",
        stopped_by="good for two minutes, removed by whoever comes next, of whatever tenant",
        test=f"{_END}::test_a_killed_runs_login_is_good_for_minutes_and_removed_by_whoever_comes_next",
    ),
    Row(
        attacker="a tenant",
        victim="the platform",
        service="PostgreSQL",
        act="stop",
        attempt="an idle session in template1, so that no database can be made",
        stopped_by="a container's template1 lets nobody in, and tenants' databases are copies of another template",
        test=f"{_END}::test_a_session_in_template1_stops_no_new_tenant",
    ),
)
