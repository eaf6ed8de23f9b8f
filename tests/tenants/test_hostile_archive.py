"""SQL of an archive that means harm, on a real server: it has the tenant's rights and no more, gets no login and keeps
none, and afterwards the tenant is as any other: looked into, filled again, dropped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from provider.time_limits import EXPORT
from sandbox.postgresql.server.clusters import Cluster
from tenants.archive.database import TenantDatabase
from tenants.archive.manifest import ArchiveBroken
from tenants.platform import Server
from tests.provider.servers import PASSWORD, admin, postgres_server

TENANT, VICTIM = "t_acme", "t_zapato_azul"
STOLEN = "stolen-passw0rd"

LEAVE = f"""
  EXECUTE 'SET ROLE NONE';
  EXECUTE format('ALTER ROLE %I PASSWORD ''{STOLEN}''', session_user);
  EXECUTE format('ALTER ROLE %I SET search_path = public', session_user);
  EXECUTE format('ALTER ROLE %I SET role = none', session_user);
"""
LEAVING = f"CREATE FUNCTION public.leave() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN\n{LEAVE}END $f$;\n"
CHECKED = (
    f"{LEAVING}CREATE FUNCTION public.spring(v int) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN\n"
    "  PERFORM public.leave();\n  EXECUTE 'SET ROLE t_acme';\n  RETURN true;\nEND $f$;\n"
)
NUMBER = (
    f"{LEAVING}CREATE FUNCTION public.spring(v int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN\n"
    "  PERFORM public.leave();\n  PERFORM set_config('role', 't_acme', false);\n  RETURN v;\nEND $f$;\n"
)
TRIGGER = (
    f"CREATE FUNCTION public.sprung() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN\n{LEAVE}"
    "  EXECUTE 'SET ROLE t_acme';\n  RETURN new;\nEND $f$;\n"
)
FILLED = "COPY public.trap (v) FROM stdin;\n1\n\\.\n"

PASSES = {
    "a check": f"{CHECKED}CREATE TABLE public.trap (v int CHECK (public.spring(v)));\n{FILLED}",
    "a check of a domain": f"{CHECKED}CREATE DOMAIN public.d AS int CHECK (public.spring(value));\n"
    f"CREATE TABLE public.trap (v public.d);\n{FILLED}",
    "a trigger": f"{TRIGGER}CREATE TABLE public.trap (v int);\nCREATE TRIGGER t BEFORE INSERT ON public.trap "
    f"FOR EACH ROW EXECUTE FUNCTION public.sprung();\n{FILLED}",
    "a deferred trigger, at the end of the transaction": f"{TRIGGER}CREATE TABLE public.trap (v int);\n"
    "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON public.trap DEFERRABLE INITIALLY DEFERRED "
    f"FOR EACH ROW EXECUTE FUNCTION public.sprung();\n{FILLED}",
    "a default": f"{NUMBER}CREATE TABLE public.trap (v int, w int DEFAULT public.spring(1));\n{FILLED}",
    "a generated column": f"{NUMBER}CREATE TABLE public.trap (v int, w int GENERATED ALWAYS AS (public.spring(v)) "
    f"STORED);\n{FILLED}",
    "an operator": f"{CHECKED}CREATE OPERATOR public.# (rightarg = int, function = public.spring);\n"
    "SELECT OPERATOR(public.#) 1;\n",
    "a statement": f"DO $f$ BEGIN\n{LEAVE}\nEND $f$;\n",
    "a statement after the transaction": f"COMMIT;\nDO $f$ BEGIN\n{LEAVE}\nEND $f$;\n",
    "things of the login": "SET ROLE NONE;\nCREATE SCHEMA mine;\nCREATE TABLE mine.kept (v int);\n"
    "CREATE FUNCTION mine.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';\n"
    "SELECT lo_from_bytea(0, '\\x01');\nALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;\n",
    "rights for the login": "CREATE TABLE public.own (v int);\n"
    "DO $f$ BEGIN\n  EXECUTE format('GRANT ALL ON public.own TO %I WITH GRANT OPTION', session_user);\n"
    "  EXECUTE format('GRANT CREATE ON DATABASE t_acme TO %I', session_user);\n"
    "  EXECUTE format('ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO %I', session_user);\n"
    "  EXECUTE format('CREATE POLICY p ON public.own TO %I USING (true)', session_user);\nEND $f$;\n",
    "settings for everybody who comes": "ALTER DATABASE t_acme SET default_transaction_read_only = on;\n"
    "ALTER DATABASE t_acme SET search_path = public, pg_catalog;\nALTER DATABASE t_acme SET statement_timeout = 1;\n"
    "ALTER ROLE t_acme SET statement_timeout = 1;\nALTER ROLE t_acme IN DATABASE t_acme SET work_mem = 64;\n"
    "ALTER DATABASE t_acme CONNECTION LIMIT 0;\n",
    "nobody drops it": "ALTER DATABASE t_acme WITH IS_TEMPLATE true;\n",
    "one's own password": f"ALTER ROLE t_acme PASSWORD '{STOLEN}';\n",
}
"""Runs, as it would for the tenant itself, and has got nothing by it."""

REFUSED = {
    "an index": (f"{NUMBER}CREATE TABLE public.trap (v int);\n{FILLED}"
    "CREATE INDEX ON public.trap (public.spring(v));\n", "within security-restricted operation"),
    "a materialised view": (f"{NUMBER}CREATE MATERIALIZED VIEW public.m AS SELECT public.spring(1);\n",
    "within security-restricted operation"),
    "another session user": ("SET SESSION AUTHORIZATION postgres;\n", "permission denied to set session authorization"),
    "the provisioner": ("SET ROLE provisioner;\n", "permission denied to set role"),
    "the provisioner's login": ("SET ROLE NONE;\nSET ROLE login;\n", "permission denied to set role"),
    "a neighbour": (f"SET ROLE {VICTIM};\n", "permission denied to set role"),
    "a neighbour's rights": (f"GRANT {VICTIM} TO t_acme;\n", "permission denied to grant role"),
    "one's rights for a neighbour": (f"GRANT t_acme TO {VICTIM};\n", "permission denied to grant role"),
    "a role": ("SET ROLE NONE;\nCREATE ROLE more LOGIN SUPERUSER;\n", "permission denied to create role"),
    "the login for longer": ("DO $f$ BEGIN EXECUTE 'SET ROLE NONE'; EXECUTE format("
    "'ALTER ROLE %I VALID UNTIL ''infinity''', session_user); END $f$;\n", "permission denied to alter role"),
    "a program, to read": ("CREATE TABLE public.t (v text);\nCOPY public.t FROM PROGRAM 'id';\n",
    "permission denied to COPY to or from an external program"),
    "a program, to write": ("COPY (SELECT 1) TO PROGRAM 'cat';\n",
    "permission denied to COPY to or from an external program"),
    "a file of the server": ("SELECT pg_read_file('/etc/passwd');\n", "permission denied for function pg_read_file"),
    "an event trigger": (f"{TRIGGER.replace('trigger LANGUAGE', 'event_trigger LANGUAGE').replace('RETURN new;', '')}"
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.sprung();\n", "permission denied"),
    "the catalogue": ("UPDATE pg_catalog.pg_authid SET rolsuper = true;\n", "permission denied for table pg_authid"),
    "a neighbour's database": (f"DROP DATABASE {VICTIM};\n", "inside a transaction block|must be owner"),
    "a library": ("CREATE FUNCTION x() RETURNS int LANGUAGE c AS '/tmp/x.so';\n", "permission denied for language c"),
    "a program of the operator's": ("\\! touch {mark}\n", "restrict"),
    "an operator's file": ("\\copy public.t from '/etc/passwd'\n", "restrict"),
    "an operator's file in another's place": ("\\o {mark}\nSELECT 1;\n", "restrict"),
    "psql's own words let loose": ("\\unrestrict smarteros\n\\! touch {mark}\n", "restrict"),
    "another connection": ("\\connect postgres\n", "restrict"),
}  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with postgres_server(tmp_path_factory.mktemp("hostile") / "postgres") as found:
        yield found


@pytest.fixture
def server(cluster: Cluster) -> Iterator[Server]:
    """With a tenant, and one who shall notice nothing."""
    with _provisioner(cluster) as connection:
        for name in (TENANT, VICTIM):
            who = sql.Identifier(name)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(who, sql.Literal(PASSWORD)))
            connection.execute(sql.SQL("GRANT {} TO provisioner").format(who))
            connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(who))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(who))
        connection.execute(f"ALTER DATABASE {TENANT} SET work_mem = 1024")
        connection.execute(f"ALTER DATABASE {TENANT} SET search_path = '$user', public")
    yield Server(
        name="vps",
        host="vps",
        local_port=cluster.port,
        sslmode="disable",
        login="login",
        provisioner="provisioner",
        template="template1",
    )
    with _provisioner(cluster) as connection:
        for name in (TENANT, VICTIM):
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def _provisioner(cluster: Cluster) -> psycopg.Connection[Any]:
    connection = psycopg.connect(**admin(cluster, user="login"), autocommit=True)
    connection.execute("SET ROLE provisioner")
    return connection


def _everybody(cluster: Cluster) -> list[tuple[Any, ...]]:
    """Every role with its rights, every membership, every setting, every database; of neighbours the password too."""
    with psycopg.connect(**admin(cluster), autocommit=True) as connection:
        return [
            row
            for query in (
                "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolvaliduntil,"
                " CASE WHEN rolname <> 't_acme' THEN rolpassword END FROM pg_authid ORDER BY 1",
                "SELECT roleid::regrole::text, member::regrole::text, admin_option FROM pg_auth_members ORDER BY 1, 2",
                "SELECT setdatabase, setrole, setconfig FROM pg_db_role_setting ORDER BY 1, 2",
                "SELECT datname, datdba::regrole::text, datallowconn, datistemplate, datconnlimit, datacl::text"
                " FROM pg_database ORDER BY 1",
            )
            for row in connection.execute(query).fetchall()
        ]


@pytest.mark.parametrize("what", PASSES)
def test_what_an_archive_does_with_its_tenants_rights_gets_it_nothing(
    cluster: Cluster, server: Server, what: str
) -> None:
    """No role, right, setting or login is there afterwards that was not before; the next connection works; and the
    tenant can be filled again, by its own dump too.
    """
    there, before = TenantDatabase(server, PASSWORD, TENANT), _everybody(cluster)
    there.restore(PASSES[what].encode())
    assert _everybody(cluster) == before
    assert there.content().rows.get("public.trap", 1) == 1
    dump, found = there.dump()
    there.restore(dump)
    assert there.content() == found
    assert _everybody(cluster) == before


@pytest.mark.parametrize("what", REFUSED)
def test_what_needs_more_than_the_tenants_rights_is_refused_in_words(
    cluster: Cluster, server: Server, what: str, tmp_path: Path
) -> None:
    """And leaves nothing behind: the tenant is filled from a good archive afterwards."""
    there, before, mark = TenantDatabase(server, PASSWORD, TENANT), _everybody(cluster), tmp_path / "mark"
    content, expected = REFUSED[what]
    with pytest.raises(ArchiveBroken, match=f"(?i){expected}"):
        there.restore(content.replace("{mark}", str(mark)).encode())
    assert not mark.exists()
    assert _everybody(cluster) == before
    there.restore(b"CREATE TABLE public.good (v int);\n")
    assert there.content().rows == {"public.good": 0}


def test_rows_that_only_a_function_lets_through_are_read_without_the_function(cluster: Cluster, server: Server) -> None:
    """A policy that binds the owner too does not run when its table is read for an archive, and binds again then."""
    there, before = TenantDatabase(server, PASSWORD, TENANT), _everybody(cluster)
    there.restore(
        f"{CHECKED}CREATE TABLE public.trap (v int);\n{FILLED}ALTER TABLE public.trap ENABLE ROW LEVEL SECURITY;\n"
        "ALTER TABLE public.trap FORCE ROW LEVEL SECURITY;\n"
        "CREATE POLICY p ON public.trap USING (public.spring(v));\n".encode()
    )
    for _ in range(2):
        assert there.content().rows == {"public.trap": 1}
        assert there.dump()[1].rows == {"public.trap": 1}
        with psycopg.connect(**admin(cluster, TENANT)) as connection:
            bound = connection.execute("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'trap'").fetchone()
        assert bound == (True,)
        assert _everybody(cluster) == before


def test_sql_without_end_is_ended_and_its_session_too(
    cluster: Cluster, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it lifts its own limits first; afterwards nothing of it runs, and no login is left."""
    there, before = TenantDatabase(server, PASSWORD, TENANT), _everybody(cluster)
    monkeypatch.setattr("tenants.archive.database.EXPORT", replace(EXPORT, whole_s=2))
    with pytest.raises(ArchiveBroken, match="not done after 2 s, and ended"):
        there.restore(b"SET statement_timeout = 0;\nSELECT pg_sleep(600);\n")
    time.sleep(0.5)
    with psycopg.connect(**admin(cluster)) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
        assert connection.execute(query).fetchone() == (0,)
    assert _everybody(cluster) == before


def test_a_session_that_stays_is_ended_with_its_login(cluster: Cluster, server: Server) -> None:
    """Whoever has learnt a login's password and is in stays no longer than the login."""
    there = TenantDatabase(server, PASSWORD, TENANT)
    with there._login() as login:
        intruder = psycopg.connect(**{**admin(cluster, TENANT, login.user), "password": login.password})
        assert intruder.execute("SELECT 1").fetchone() == (1,)
    time.sleep(0.2)
    with pytest.raises(psycopg.OperationalError):
        intruder.execute("SELECT 1")
