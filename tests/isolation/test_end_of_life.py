"""The end of a tenant needs neither its own consent nor another's: each attack is done on a real server, a container's
and one as Azure manages it, and then the tenant is exported and its role and database go.
"""

from __future__ import annotations

import contextlib
import datetime
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from components.services.postgres import PROVISIONER, PROVISIONER_LOGIN
from components.services.tenants import TEMPLATE
from provider.dependents import release
from provider.owner_login import GOOD_FOR, login_of
from provider.resource_type import ProviderError
from provider.sessions import SESSIONS, SessionsInputs
from provider.time_limits import EXPORT, QUESTION, connected
from tenants.archive import database as archived
from tenants.archive.database import TenantDatabase
from tenants.archive.login import provisioner
from tenants.archive.manifest import ArchiveBroken
from tenants.last_rights import made_ready
from tenants.names import TenantNames
from tenants.platform import Server
from tests.isolation.matrix.postgres_end import GIVEN, KEPT, SHUT
from tests.isolation.neighbours import Neighbours, canary, neighbours
from tests.isolation.test_as_owner import config

MINE, THEIRS = "attacker", "victim"
ME, OTHER = (TenantNames(slug).database for slug in (MINE, THEIRS))


@pytest.fixture(scope="module", params=["container", "managed"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    folder = tmp_path_factory.mktemp("pg") / "server"
    with neighbours(folder, managed=request.param == "managed") as found:
        yield found


@pytest.fixture
def server(running: Neighbours) -> Iterator[Neighbours]:
    """Two more tenants on it, who are gone afterwards, however the test ended."""
    for slug in (MINE, THEIRS):
        running.add(slug)
    yield running
    with running.provisioner() as connection:
        for name in (ME, OTHER):
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        for name in (ME, OTHER):
            release(lambda database: provisioner(server_of(running), word(running), database), name)
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


def server_of(server: Neighbours) -> Server:
    """As a tenant's platform tells it."""
    return Server(
        name="vps",
        host="vps",
        local_port=server.cluster.port,
        sslmode="disable",
        login=PROVISIONER_LOGIN,
        provisioner=PROVISIONER,
        template=TEMPLATE,
    )


def word(server: Neighbours) -> str:
    """The provisioner's."""
    return str(server.parameters(PROVISIONER_LOGIN, "postgres")["password"])


def end(server: Neighbours, name: str) -> None:
    """As a stack is destroyed: the sessions' resource, the database, the role. Nothing of it waits for long."""
    made_ready(server_of(server), word(server), name)
    known = SessionsInputs(role=name, allowed=True, password="")
    SESSIONS.handler.delete(config(server), name, known)
    with provisioner(server_of(server), word(server)) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def attack(server: Neighbours, where: str, statements: str) -> bool:
    """Done by the attacker's own login; whether it was let in there."""
    database = {"own": ME, "other": OTHER}.get(where, where)
    connection = let_in(server, database)
    if connection is None:
        assert where == "template1"
        return False
    with connection:
        connection.execute(sql.SQL(statements.format(me=ME, other=OTHER)))
    return True


def let_in(server: Neighbours, database: str) -> psycopg.Connection[Any] | None:
    """The attacker's own login there; None where it may not connect."""
    try:
        return server.tenant(MINE, database)
    except psycopg.OperationalError as refused:
        if "CONNECT privilege" not in str(refused):
            raise
        return None


@pytest.mark.parametrize("what", GIVEN)
def test_nobody_keeps_anothers_role(server: Neighbours, what: str) -> None:
    """Given something, a role can't be dropped: that is seen first. It is taken back, and nothing else."""
    if attack(server, *GIVEN[what]):
        with provisioner(server_of(server), word(server)) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(OTHER)))
            with pytest.raises(psycopg.errors.DependentObjectsStillExist):
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(OTHER)))
            created = sql.SQL("CREATE DATABASE {0} OWNER {0} TEMPLATE {1}")
            connection.execute(created.format(sql.Identifier(OTHER), sql.Identifier(TEMPLATE)))
    end(server, OTHER)
    with server.tenant(MINE) as own:
        assert own.execute("SELECT secret FROM customers").fetchall() == [(canary(MINE),)]
        if "others" in what:
            assert own.execute("SELECT polroles = ARRAY[%s::regrole::oid] FROM pg_policy", (ME,)).fetchone() == (True,)


@pytest.mark.parametrize("role", [PROVISIONER, PROVISIONER_LOGIN])
def test_what_is_given_to_the_platforms_roles_is_taken_back(server: Neighbours, role: str) -> None:
    """Of the provisioner and its login, too: nothing in a tenant's database depends on them then."""
    attack(
        server, "own", f"GRANT SELECT ON customers TO {role}; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {role}"
    )
    assert release(lambda database: provisioner(server_of(server), word(server), database), role, owned=False) == []
    with server.tenant(MINE) as own:
        found = own.execute("SELECT relacl::text FROM pg_class WHERE relname = 'customers'").fetchone()
        defaults = own.execute("SELECT defaclacl::text FROM pg_default_acl").fetchall()
    assert role not in str(found) + str(defaults)
    server.tenant(THEIRS).close()
    end(server, OTHER)


@pytest.mark.parametrize("what", KEPT)
def test_nobody_stays_by_what_it_left(server: Neighbours, what: str) -> None:
    """In the server's own databases, in another's, or by how its own is set."""
    where, statements = KEPT[what]
    if where == "other":
        with server.tenant(THEIRS) as own:
            own.execute(f"GRANT CONNECT ON DATABASE {OTHER} TO {ME}; GRANT CREATE ON SCHEMA public TO {ME}")
    attack(server, where, statements)
    end(server, ME)
    with server.tenant(THEIRS) as other:
        assert other.execute("SELECT secret FROM customers").fetchall() == [(canary(THEIRS),)]


@pytest.mark.parametrize("what", SHUT)
def test_nobodys_consent_is_needed_for_an_export(server: Neighbours, what: str) -> None:
    """All of it is in the dump, and the tenant is as it was: what hides rows hides them again."""
    attack(server, "own", SHUT[what])
    made_ready(server_of(server), word(server), ME)
    there = TenantDatabase(server_of(server), word(server), ME)
    content, found = there.dump()
    assert canary(MINE).encode() in content
    assert found.rows["public.customers"] == 1
    with psycopg.connect(**server.parameters(server.admin, "postgres")) as admin:
        left = admin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE %s", (f"{ME}$%",)).fetchall()
    assert left == []
    if "hidden" in what:
        with connected({**server.parameters(PROVISIONER_LOGIN, ME)}, role=PROVISIONER) as connection:
            row = connection.execute("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'customers'").fetchone()
        assert row == (True,)
        there.restore(content)
        assert there.content() == found
    end(server, ME)


def test_rows_hidden_from_their_owner_come_back_in_their_place(server: Neighbours) -> None:
    """Several tables, with odd names, generated columns, partitions, constraints, triggers; into another tenant."""
    statements = """
        CREATE TABLE "odd ""name" (id int PRIMARY KEY, "a;b" text, twice int GENERATED ALWAYS AS (id * 2) STORED);
        INSERT INTO "odd ""name" VALUES (1, E'tab\\tline\\n\\\\.'), (2, NULL);
        CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at);
        CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        INSERT INTO parts VALUES (1, '2026-05-05');
        CREATE TABLE lines (of int REFERENCES "odd ""name" (id), n serial);
        INSERT INTO lines VALUES (1), (2);
        CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'a trigger ran'; END$$;
        CREATE TRIGGER t BEFORE INSERT ON lines FOR EACH ROW EXECUTE FUNCTION never();
    """
    with server.tenant(MINE) as own:
        own.execute(statements)
        for table in ('"odd ""name"', "parts", "parts_1", "lines", "customers"):
            own.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            own.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    content, found = TenantDatabase(server_of(server), word(server), ME).dump()
    assert found.rows['public."odd ""name"'] == 2
    assert found.rows["public.parts"] == 1
    assert found.rows["public.lines"] == 2
    other = TenantDatabase(server_of(server), word(server), OTHER)
    other.restore(content)
    assert other.content() == found
    assert other.dump()[1] == found


def test_a_transaction_that_never_ends_holds_no_role(server: Neighbours) -> None:
    """Whoever is about to give a role something holds it: DROP ROLE would wait for ever."""
    with server.tenant(MINE) as connection:
        connection.execute("BEGIN")
        connection.execute(f"GRANT SELECT ON customers TO {OTHER}")
        begun = time.monotonic()
        end(server, OTHER)
        assert time.monotonic() - begun < QUESTION.lock_s + 10
        with pytest.raises(psycopg.OperationalError):
            connection.execute("COMMIT")


def test_a_lock_ends_an_export_and_its_holder_is_told(server: Neighbours, monkeypatch: pytest.MonkeyPatch) -> None:
    """While its doors are open, who holds it is told; with closed doors its sessions end, and the export goes on."""
    monkeypatch.setattr(archived, "EXPORT", replace(EXPORT, lock_s=1))
    there = TenantDatabase(server_of(server), word(server), ME)
    with contextlib.suppress(psycopg.OperationalError), server.tenant(MINE, application_name="its shop") as connection:
        connection.execute("BEGIN")
        connection.execute("LOCK TABLE customers")
        for work in (there.dump, there.content):
            begun = time.monotonic()
            with pytest.raises(ArchiveBroken) as refused:
                work()
            assert time.monotonic() - begun < 15
            assert f"session {connection.info.backend_pid} of {ME} ('its shop') holds 1 locks" in str(refused.value)
            assert "Fix: " in str(refused.value)
        made_ready(server_of(server), word(server), ME)
        assert there.dump()[1].rows["public.customers"] == 1


def test_a_function_that_catches_its_end_is_ended_from_outside(server: Neighbours) -> None:
    """One that says to the end of its statement that it goes on, and sets the limit to none."""
    with server.tenant(MINE) as own:
        own.execute(
            "CREATE FUNCTION deaf() RETURNS int LANGUAGE plpgsql AS $$BEGIN LOOP BEGIN "
            "PERFORM set_config('statement_timeout', '0', false); PERFORM pg_sleep(60); "
            "EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END$$"
        )
    limits = replace(QUESTION, statement_s=1, whole_s=3)
    begun = time.monotonic()
    with (
        pytest.raises(psycopg.errors.QueryCanceled, match="not done after 3 s"),
        login_of(lambda: provisioner(server_of(server), word(server)), ME, limits) as login,
        connected({**server.parameters(login.user, ME), "password": login.password}, limits, role=ME) as connection,
    ):
        connection.execute("SELECT public.deaf()")
    assert 2 < time.monotonic() - begun < 15
    with psycopg.connect(**server.parameters(server.admin, "postgres")) as admin:
        question = "SELECT count(*) FROM pg_roles WHERE rolname = %s"
        assert admin.execute(question, (login.user,)).fetchone() == (0,)


def test_a_killed_runs_login_is_good_for_minutes_and_removed_by_whoever_comes_next(server: Neighbours) -> None:
    """Whatever tenant comes next. One with which somebody is at work is left alone."""
    with login_of(lambda: provisioner(server_of(server), word(server)), OTHER, EXPORT) as login:
        with server.provisioner() as connection:
            row = connection.execute("SELECT rolvaliduntil - now() FROM pg_roles WHERE rolname = %s", (login.user,))
            (good_for,) = row.fetchone() or (datetime.timedelta(days=1),)
        assert datetime.timedelta() < good_for <= GOOD_FOR <= datetime.timedelta(minutes=5)
    with server.provisioner() as connection:
        for left in (f"{OTHER}$dead", f"{OTHER}$beef"):
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x' VALID UNTIL '2126-01-01' IN ROLE {}").format(
                    sql.Identifier(left), sql.Identifier(OTHER)
                )
            )
        with psycopg.connect(**{**server.parameters(f"{OTHER}$beef", OTHER), "password": "x"}):
            for left in (f"{OTHER}$dead", f"{OTHER}$beef"):
                ended = sql.Identifier(left), sql.Literal(_a_minute_ago(connection))
                connection.execute(sql.SQL("ALTER ROLE {} VALID UNTIL {}").format(*ended))
            TenantDatabase(server_of(server), word(server), ME).content()
            query = "SELECT rolname FROM pg_roles WHERE rolname LIKE %s"
            assert connection.execute(query, (f"{OTHER}$%",)).fetchall() == [(f"{OTHER}$beef",)]
    TenantDatabase(server_of(server), word(server), ME).content()
    with server.provisioner() as connection:
        assert connection.execute(query, (f"{OTHER}$%",)).fetchall() == []


def _a_minute_ago(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("SELECT now() - interval '1 minute'").fetchone()
    return str(row[0] if row else "")


def test_a_session_in_template1_stops_no_new_tenant(server: Neighbours) -> None:
    """A container's lets nobody in, so that a copy of it can be made, too. A managed one's is its vendor's: tenants'
    databases are copies of the platform's own template, in which nobody is.
    """
    held = let_in(server, "template1")
    assert (held is None) == (server.admin == "postgres")
    with held or contextlib.nullcontext():
        server.add("another")
        if held is None:
            with psycopg.connect(**server.parameters(server.admin, "postgres"), autocommit=True) as administrator:
                administrator.execute("CREATE DATABASE copied TEMPLATE template1")
                administrator.execute("DROP DATABASE copied")
    end(server, TenantNames("another").database)


def test_nobody_prepares_a_transaction(server: Neighbours) -> None:
    """One that is prepared outlives its session and keeps its locks, and so would keep an export for ever."""
    with server.tenant(MINE) as own:
        own.execute("BEGIN; LOCK TABLE customers")
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="prepared transactions are disabled"):
            own.execute("PREPARE TRANSACTION 'for ever'")


def test_who_gives_again_and_again_is_told_or_loses(server: Neighbours) -> None:
    """A loop that gives a role something as fast as it can does not hang the end: it goes, or is told in words."""
    stop = threading.Event()

    def give() -> None:
        while not stop.is_set():
            with contextlib.suppress(psycopg.Error), server.tenant(MINE) as own:
                while not stop.is_set():
                    own.execute(f"GRANT SELECT ON customers TO {OTHER}")

    giving = threading.Thread(target=give)
    giving.start()
    begun = time.monotonic()
    try:
        for _ in range(20):
            try:
                end(server, OTHER)
                break
            except (psycopg.errors.DependentObjectsStillExist, psycopg.errors.LockNotAvailable, ProviderError):
                server_database_again(server)
    finally:
        stop.set()
        giving.join()
    assert time.monotonic() - begun < 120


def server_database_again(server: Neighbours) -> None:
    """The database that a failed end has dropped already."""
    with (
        provisioner(server_of(server), word(server)) as connection,
        contextlib.suppress(psycopg.errors.DuplicateDatabase),
    ):
        connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(OTHER)))


def test_every_setting_of_a_session_counts_more_than_the_databases(server: Neighbours) -> None:
    """What a tenant sets for its database is not what who works in it gets; nor is any limit missing."""
    wanted = {"statement_timeout": "30s", "lock_timeout": "5s", "search_path": "pg_catalog", "exit_on_error": "off"}
    with server.tenant(MINE) as own:
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            own.execute(f"ALTER DATABASE {ME} SET {name} = 0")
        own.execute(f"ALTER DATABASE {ME} SET search_path = evil")
        own.execute(f"ALTER DATABASE {ME} SET exit_on_error = on")
        own.execute(f"ALTER DATABASE {ME} SET default_transaction_isolation = serializable")
    with connected({**server.parameters(PROVISIONER_LOGIN, ME), "autocommit": True}, QUESTION) as connection:
        for name, value in wanted.items():
            assert connection.execute(sql.SQL("SHOW {}").format(sql.Identifier(name))).fetchone() == (value,)
        row = connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()
        assert row == ("2min",)
        assert connection.execute("SHOW transaction_isolation").fetchone() == ("read committed",)
