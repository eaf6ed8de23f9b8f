"""One tenant's login against another's data, on a real PostgreSQL with passwords on: every way in is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from components.services.postgres import PROVISIONER, PROVISIONER_LOGIN
from components.services.tenants import TEMPLATE
from tenants.names import TenantNames
from tests.isolation.neighbours import PAIRS, SLUGS, Neighbours, canary, neighbours


@pytest.fixture(scope="module", params=["container", "managed"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    """A container's server and one as Azure manages it."""
    folder = tmp_path_factory.mktemp("pg") / "server"
    with neighbours(folder, managed=request.param == "managed") as found:
        yield found


def names_of(slug: str) -> str:
    """Database and role."""
    return TenantNames(slug).database


@pytest.mark.parametrize(("mine", "theirs"), PAIRS)
def test_nobody_connects_to_anothers_database(server: Neighbours, mine: str, theirs: str) -> None:
    """Not by its own login, not by the other's name with its own password or none, not by a changed role."""
    other = names_of(theirs)
    for closed in (other, TEMPLATE):
        with pytest.raises(psycopg.OperationalError, match="CONNECT privilege"):
            server.tenant(mine, closed)
    for word in (server.parameters(names_of(mine), "postgres")["password"], "", "wrong"):
        for user in (other, PROVISIONER_LOGIN, server.admin):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(**server.parameters(user, other, word))
    for options in (f"-c role={other}", f"-c role={PROVISIONER}", f"-c session_authorization={other}"):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            server.tenant(mine, options=options)


STATEMENTS = """
SET ROLE {other}
SET ROLE {provisioner}
SET SESSION AUTHORIZATION {other}
GRANT {other} TO {me}
GRANT {provisioner} TO {me}
GRANT {me} TO {other}
GRANT pg_read_all_data TO {me}
GRANT pg_signal_backend TO {me}
REVOKE {other} FROM {provisioner}
GRANT CONNECT ON DATABASE {other} TO {me}
REVOKE CONNECT ON DATABASE {other} FROM {other}
GRANT CONNECT ON DATABASE {template} TO {me}
ALTER ROLE {other} PASSWORD 'taken'
ALTER ROLE {other} NOLOGIN
ALTER ROLE {other} CONNECTION LIMIT 0
ALTER ROLE {other} SET search_path = x
ALTER ROLE {other} RENAME TO t_gone
ALTER ROLE {me} SUPERUSER
ALTER ROLE {me} CREATEDB
ALTER ROLE {me} CREATEROLE
ALTER ROLE {me} BYPASSRLS
ALTER ROLE {me} REPLICATION
ALTER ROLE {me} CONNECTION LIMIT 100
ALTER ROLE {me} RENAME TO t_other
ALTER ROLE {login} PASSWORD 'taken'
ALTER ROLE ALL SET search_path = x
ALTER ROLE {other} IN DATABASE {me} SET search_path = x
ALTER DATABASE {other} OWNER TO {me}
ALTER DATABASE {me} OWNER TO {other}
ALTER DATABASE {other} RENAME TO t_gone
ALTER DATABASE {other} CONNECTION LIMIT 0
ALTER DATABASE {other} ALLOW_CONNECTIONS false
ALTER DATABASE {other} SET search_path = x
ALTER DATABASE {other} IS_TEMPLATE true
ALTER DATABASE {me} RENAME TO t_other
ALTER SYSTEM SET log_statement = 'all'
ALTER TABLESPACE pg_default OWNER TO {me}
COMMENT ON DATABASE {other} IS 'mine'
COMMENT ON ROLE {other} IS 'mine'
SECURITY LABEL ON DATABASE {other} IS 'mine'
DROP DATABASE {other}
DROP DATABASE {other} WITH (FORCE)
DROP DATABASE {template}
DROP ROLE {other}
DROP ROLE {provisioner}
DROP OWNED BY {other}
REASSIGN OWNED BY {other} TO {me}
CREATE ROLE t_another
CREATE USER t_another IN ROLE {other}
CREATE DATABASE t_another
CREATE DATABASE t_another TEMPLATE {other}
CREATE DATABASE t_another TEMPLATE {template}
CREATE DATABASE t_another TEMPLATE {other} STRATEGY file_copy
CREATE TABLESPACE mine LOCATION '/tmp'
CREATE SCHEMA AUTHORIZATION {other}
CREATE EXTENSION dblink
CREATE EXTENSION postgres_fdw
CREATE FOREIGN DATA WRAPPER mine
CREATE SUBSCRIPTION s CONNECTION 'dbname={other}' PUBLICATION p
CREATE PUBLICATION p FOR ALL TABLES
CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION pg_notify()
CREATE FUNCTION c() RETURNS int LANGUAGE c AS 'libc.so.6', 'system'
CREATE FUNCTION i() RETURNS int LANGUAGE internal AS 'pg_ls_dir'
CREATE CAST (text AS vector) WITHOUT FUNCTION
LOAD '/tmp/evil.so'
COPY customers FROM PROGRAM 'id'
COPY customers TO PROGRAM 'id'
COPY customers FROM '/etc/passwd'
COPY customers TO '/tmp/stolen'
SELECT pg_read_file('base/1/PG_VERSION')
SELECT pg_read_binary_file('global/pg_control')
SELECT pg_ls_dir('base')
SELECT pg_ls_waldir()
SELECT pg_ls_logdir()
SELECT pg_ls_tmpdir()
SELECT pg_stat_file('base')
SELECT pg_current_logfile()
SELECT lo_import('/etc/passwd')
SELECT lo_export(1, '/tmp/stolen')
SELECT pg_terminate_backend({pid})
SELECT pg_cancel_backend({pid})
SELECT pg_log_backend_memory_contexts({pid})
SELECT pg_reload_conf()
SELECT pg_rotate_logfile()
SELECT pg_switch_wal()
SELECT pg_create_restore_point('x')
SELECT pg_backup_start('x')
SELECT pg_promote()
SELECT pg_create_physical_replication_slot('x')
SELECT pg_create_logical_replication_slot('x', 'pgoutput')
SELECT pg_replication_origin_create('x')
SELECT pg_stat_reset()
SELECT pg_stat_reset_shared('io')
SELECT pg_database_size('{other}')
SELECT * FROM {other}.public.customers
SELECT * FROM pg_authid
SELECT * FROM pg_statistic
SELECT * FROM pg_largeobject
SELECT * FROM pg_user_mapping
SELECT * FROM pg_hba_file_rules
SELECT * FROM pg_file_settings
SELECT * FROM pg_ident_file_mappings
SELECT * FROM pg_backend_memory_contexts
SELECT * FROM pg_shmem_allocations
SELECT * FROM pg_config
SET session_preload_libraries = 'x'
SET log_statement = 'all'
SET zero_damaged_pages = on
SET session_replication_role = 'replica'
CHECKPOINT
""".strip().splitlines()
REFUSED = (
    errors.InsufficientPrivilege,
    errors.FeatureNotSupported,  # another database's tables; a library; an extension that is not there
    errors.InvalidParameterValue,  # no provider of security labels
    errors.UndefinedObject,  # the type `vector` in `postgres`
)


def test_nothing_of_anothers_is_altered_taken_or_copied(server: Neighbours) -> None:
    """From its own database and from `postgres`, which lets every role in: each statement is refused, and afterwards
    every role, right, setting and row is what it was.
    """
    mine, theirs = "acme", "acme-2"
    before, done = shared(server), []
    with server.tenant(theirs) as other:
        words = {
            "me": names_of(mine),
            "other": names_of(theirs),
            "provisioner": PROVISIONER,
            "login": PROVISIONER_LOGIN,
            "template": TEMPLATE,
            "pid": str(other.info.backend_pid),
        }
        for database in (names_of(mine), "postgres"):
            with server.tenant(mine, database) as connection:
                for statement in STATEMENTS:
                    try:
                        connection.execute(statement.format(**words))
                        done.append((database, statement))
                    except REFUSED:
                        pass
        assert done == []
        assert shared(server) == before
        assert other.execute("SELECT secret FROM customers").fetchall() == [(canary(theirs),)]


@pytest.mark.parametrize("statement", ["GRANT CREATE ON DATABASE postgres TO {}", "VACUUM pg_authid"])
def test_what_only_warns_does_nothing(server: Neighbours, statement: str) -> None:
    """PostgreSQL answers these with a warning instead of an error."""
    before = shared(server)
    with server.tenant("acme") as connection:
        connection.execute(statement.format(names_of("acme")))
    assert shared(server) == before


def shared(server: Neighbours) -> list[Any]:
    """Roles, memberships, databases with rights, and settings, as the administrator sees them."""
    questions = (
        "SELECT r::text FROM pg_roles r ORDER BY 1",
        "SELECT m::text FROM pg_auth_members m ORDER BY 1",
        "SELECT datname, datdba, datistemplate, datallowconn, datconnlimit, "
        "coalesce(datacl, acldefault('d', datdba)) FROM pg_database ORDER BY 1",
        "SELECT s::text FROM pg_db_role_setting s ORDER BY 1",
    )
    with psycopg.connect(**server.parameters(server.admin, "postgres")) as admin:
        return [admin.execute(sql.SQL(one)).fetchall() for one in questions]


# What PostgreSQL shows everybody, from whatever database: of roles and databases the names, limits and rights; of
# sessions whose they are and in which database; of databases how much was read and written. docs/tenants.md says so.
BY_NAME = {
    "pg_roles", "pg_user",
    "pg_database", "pg_stat_database", "pg_stat_database_conflicts", "pg_stat_activity",
}  # fmt: skip
RELATIONS = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v') ORDER BY 1
"""


def test_catalogues_show_names_and_nothing_else(server: Neighbours) -> None:
    """Every table and view of the catalogues, row by row: another's name stands in those that docs/tenants.md names;
    its rows, passwords, queries, functions, large objects and messages in none.
    """
    theirs = names_of("acme-2")
    hidden = "canary-of-acme-2"
    with server.tenant("acme-2") as other, server.tenant("acme") as connection, server.tenant("acme") as second:
        other.execute("CREATE FUNCTION hidden() RETURNS text LANGUAGE sql AS $$SELECT 'canary-of-acme-2-in-code'$$")
        other.execute("SELECT lo_from_bytea(0, 'canary-of-acme-2-in-a-large-object')")
        other.execute("CREATE TEMP TABLE drafts AS SELECT 'canary-of-acme-2-in-a-temporary-table'::text AS secret")
        other.execute("LISTEN canary_of_acme_2")
        other.execute("ANALYZE customers")
        other.execute("SELECT 'canary-of-acme-2-in-a-query', pg_advisory_lock(7)")
        second.execute("SELECT pg_advisory_lock(7)")  # advisory locks are a database's own: nobody waits here
        named, leaked = set(), set()
        for relation, name in connection.execute(RELATIONS).fetchall():
            try:
                rows = str(connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.SQL(relation))).fetchall())
            except psycopg.Error:
                continue
            if theirs in rows:
                named.add(name)
            if hidden in rows or hidden.replace("-", "_") in rows:
                leaked.add(name)
        assert leaked == set()
        assert named == BY_NAME
        seen = connection.execute(
            "SELECT DISTINCT query, client_addr, state FROM pg_stat_activity WHERE usename = %s", (theirs,)
        ).fetchall()
        assert seen == [("<insufficient privilege>", None, None)]
        assert connection.execute("SELECT DISTINCT rolpassword FROM pg_roles").fetchall() == [("********",)]
        other.execute("DROP FUNCTION hidden")


def test_messages_large_objects_and_temporary_tables_stay_in_their_database(server: Neighbours) -> None:
    """NOTIFY is heard, and large objects are found, where they were made."""
    with server.tenant("acme-2") as other, server.tenant("acme") as connection:
        connection.execute("LISTEN orders")
        row = other.execute("SELECT lo_from_bytea(0, 'canary')").fetchone()
        other.execute("NOTIFY orders, 'canary'")
        other.execute("CREATE TEMP TABLE drafts (x text)")
        assert list(connection.notifies(timeout=0.3)) == []
        for statement in (f"SELECT lo_get({row[0] if row else 0})", "SELECT * FROM drafts"):
            with pytest.raises((errors.UndefinedObject, errors.UndefinedTable)):
                connection.execute(statement)


def test_in_the_servers_own_database_tenants_find_each_other_and_keep_what_they_leave_to_themselves(
    server: Neighbours,
) -> None:
    """The known gap, exactly: both get in, and hear each other's NOTIFY when both want to; a large object, a temporary
    table and a prepared transaction of the one are refused to the other; nothing can be created.
    """
    with server.tenant("acme-2", "postgres") as other, server.tenant("acme", "postgres") as connection:
        for database in (other, connection):
            with pytest.raises(errors.InsufficientPrivilege):
                database.execute("CREATE TABLE public.left_behind (x text)")
            with pytest.raises(errors.InsufficientPrivilege):
                database.execute("CREATE SCHEMA left_behind")
        connection.execute("LISTEN orders")
        other.execute("NOTIFY orders, 'heard'")
        assert [one.payload for one in connection.notifies(timeout=1, stop_after=1)] == ["heard"]
        row = other.execute("SELECT lo_from_bytea(0, 'canary')").fetchone()
        large = row[0] if row else 0
        other.execute("CREATE TEMP TABLE drafts AS SELECT 'canary'::text AS secret")
        row = other.execute(
            "SELECT format('SELECT * FROM %I.drafts', nspname) FROM pg_namespace WHERE oid = pg_my_temp_schema()"
        ).fetchone()
        for statement in (
            f"SELECT lo_get({large})",
            f"SELECT lo_unlink({large})",
            f"SELECT lo_put({large}, 0, 'x')",
            str(row[0] if row else ""),
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement)
        other.execute(f"SELECT lo_unlink({large})")


@pytest.mark.parametrize(("mine", "theirs"), PAIRS)
def test_an_owner_who_lets_everybody_in_lets_them_into_its_own(server: Neighbours, mine: str, theirs: str) -> None:
    """What it may give away is what it has: another's stays closed."""
    with server.tenant(theirs) as owner:
        owner.execute(f"GRANT CONNECT ON DATABASE {names_of(theirs)} TO PUBLIC")
        try:
            with server.tenant(mine, names_of(theirs)) as guest, pytest.raises(errors.InsufficientPrivilege):
                guest.execute("SELECT * FROM customers")
            for third in set(SLUGS) - {mine, theirs}:
                with pytest.raises(psycopg.OperationalError, match="CONNECT privilege"):
                    server.tenant(theirs, names_of(third))
        finally:
            owner.execute(f"REVOKE ALL ON DATABASE {names_of(theirs)} FROM PUBLIC")
