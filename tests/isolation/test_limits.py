"""One tenant against the time, the connections and the disk of all, on a real PostgreSQL with the guard that prod
declares: it ends the tenant's doing whatever the tenant has set for itself, and nobody else's.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from components.services.guard import DATABASE, ROLE
from tenants.names import TenantNames
from tests.isolation.guarded import PASSWORD, GuardAtWork, guarded, limit, within
from tests.isolation.neighbours import Neighbours, neighbours

A, B = "acme", "acme-2"
NAME = TenantNames(A).database
FEW = {"connections": 3, "statement_s": 2, "idle_in_transaction_s": 2, "transaction_s": 4, "database_mb": 200}
AT_MOST_S = 20.0
LIFTED = (
    "SET statement_timeout TO 0",
    "SET idle_in_transaction_session_timeout TO 0",
    "SET transaction_timeout TO 0",
    f"ALTER ROLE {NAME} SET statement_timeout TO 0",
    f"ALTER ROLE {NAME} SET idle_in_transaction_session_timeout TO 0",
    f"ALTER DATABASE {NAME} SET statement_timeout TO 0",
    f"ALTER DATABASE {NAME} CONNECTION LIMIT -1",
    f"ALTER ROLE {NAME} SET application_name TO 'guard'",
)
"""By which a tenant lifts what it may lift itself."""


@pytest.fixture(scope="module", params=[False, True], ids=["container", "managed"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    """A container's, and a managed one, where nobody is a superuser."""
    with neighbours(tmp_path_factory.mktemp("clusters") / "one", managed=request.param) as found:
        yield found


@pytest.fixture(scope="module")
def guard(server: Neighbours, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardAtWork]:
    with guarded(server, tmp_path_factory.mktemp("guard")) as found:
        limit(server, A, **FEW)
        with server.tenant(A) as own:
            for one in LIFTED[3:]:
                own.execute(one)
        yield found


@pytest.fixture
def neighbour(server: Neighbours, guard: GuardAtWork) -> Iterator[psycopg.Connection[Any]]:
    """An open session of another tenant, in a transaction: it is there afterwards."""
    with server.tenant(B) as own:
        yield own
        assert own.execute("SELECT count(*) FROM customers").fetchone() == (1,)
    assert TenantNames(B).database + ":" not in guard.said()


def says(guard: GuardAtWork, line: str) -> bool:
    """Whether it says so, now or soon: it says it after it has done it."""
    return within(AT_MOST_S, lambda: line in guard.said())


def is_ended(connection: psycopg.Connection[Any], statement: str) -> bool:
    """Whether the session is ended in the middle of a statement, or before it."""
    try:
        connection.execute(statement)
    except psycopg.OperationalError:
        return True
    return False


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_sleep(600)",
        "DO $$ BEGIN LOOP END LOOP; END $$",
        # Catches what cancels a statement, and goes on.
        "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$",
        "SELECT count(*) FROM generate_series(1, 1000000000) a, generate_series(1, 1000) b",
        # Each is short, the transaction is not.
        "DO $$ BEGIN FOR i IN 1..600 LOOP PERFORM pg_sleep(1); END LOOP; END $$",
    ],
)
def test_a_statement_without_an_end_is_ended(
    server: Neighbours, neighbour: psycopg.Connection[Any], guard: GuardAtWork, statement: str
) -> None:
    """Though the tenant has lifted every limit that it may lift."""
    with server.tenant(A) as own:
        for one in LIFTED[:3]:
            with contextlib.suppress(psycopg.errors.UndefinedObject):  # before PostgreSQL 17 there is no such setting
                own.execute(one)
        timer = threading.Timer(AT_MOST_S, own.cancel)
        timer.start()
        ended = is_ended(own, statement)
        timer.cancel()
    assert ended
    assert says(guard, f"{NAME}: ended: a statement of more than 2 s")


def test_a_transaction_that_does_nothing_is_ended(
    server: Neighbours, neighbour: psycopg.Connection[Any], guard: GuardAtWork
) -> None:
    """It would hold its locks, and keep everybody's deleted rows."""
    with server.tenant(A) as own:
        own.execute("BEGIN")
        own.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
        assert within(AT_MOST_S, lambda: "idle in a transaction for more than 2 s" in guard.said())
        assert is_ended(own, "SELECT 1")


def test_a_transaction_of_many_short_statements_is_ended(
    server: Neighbours, neighbour: psycopg.Connection[Any], guard: GuardAtWork
) -> None:
    """None of them is long, nor the pauses."""
    with server.tenant(A) as own:
        own.execute("BEGIN")
        assert within(AT_MOST_S, lambda: is_ended(own, "SELECT pg_sleep(0.2)"))
    assert says(guard, f"{NAME}: ended: a transaction of more than 4 s")


def test_a_thousand_connections_are_as_many_as_it_may_have(
    server: Neighbours, neighbour: psycopg.Connection[Any], guard: GuardAtWork
) -> None:
    """The server refuses what is over the role's own limit, which the tenant can't lift; a limit that somebody else has
    lifted is kept by the guard.
    """
    with server.tenant(A) as own, pytest.raises(psycopg.errors.InsufficientPrivilege):
        own.execute(f"ALTER ROLE {NAME} CONNECTION LIMIT -1")
    held = _as_many_as_there_are(server)
    alive = sum(not is_ended(one, "SELECT 1") for one in held)  # the guard has ended some meanwhile, and made room
    _closed(held)
    assert alive <= 5
    assert len(held) < 1000
    with server.provisioner() as connection:
        connection.execute(f"ALTER ROLE {NAME} CONNECTION LIMIT -1")
    held = _as_many_as_there_are(server, most=30)
    lifted = len(held) > 5
    few = within(AT_MOST_S, lambda: sum(not is_ended(one, "SELECT 1") for one in held) <= FEW["connections"])
    _closed(held)
    assert lifted
    assert few
    assert says(guard, f"{NAME}: ended: more than 3 connections")
    with server.provisioner() as connection:
        connection.execute(f"ALTER ROLE {NAME} CONNECTION LIMIT 5")


def _as_many_as_there_are(server: Neighbours, most: int = 1000) -> list[psycopg.Connection[Any]]:
    held: list[psycopg.Connection[Any]] = []
    with contextlib.suppress(psycopg.OperationalError):
        while len(held) < most:
            held.append(server.tenant(A))
    return held


def _closed(held: list[psycopg.Connection[Any]]) -> None:
    for one in held:
        one.close()


def test_a_session_in_a_database_of_everybodys_is_ended(
    server: Neighbours, neighbour: psycopg.Connection[Any], guard: GuardAtWork
) -> None:
    """An idle one in `template1` would stop every database from being made."""
    with server.tenant(A, "postgres") as own:
        assert within(AT_MOST_S, lambda: is_ended(own, "SELECT 1"))
    assert says(guard, f"{NAME}: ended: a session in the database postgres, which is not its own")


def test_the_guard_holds_one_connection(server: Neighbours, guard: GuardAtWork) -> None:
    """What a round costs is measured with 60 and 300 databases in docs/tenants.md."""
    with psycopg.connect(**server.parameters(server.admin, "postgres"), autocommit=True) as administrator:
        held = administrator.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'smarteros_guard'"
        ).fetchone()
    assert held == (1,)


def can_connect(server: Neighbours, slug: str = A) -> bool:
    """Whether the tenant's door is open."""
    with contextlib.suppress(psycopg.OperationalError):
        server.tenant(slug).close()
        return True
    return False


FILLED = "INSERT INTO big SELECT repeat('x', 100) || i FROM generate_series(1, {rows}) i"


def test_who_fills_the_disk_is_warned_and_then_closed(
    server: Neighbours, neighbour: psycopg.Connection[Any], guard: GuardAtWork
) -> None:
    """Also one that took its own right to connect away, so that it can't be weighed, and writes in a session it kept.
    Once its quota is larger it is open again; and while it is suspended the guard opens nothing.
    """
    limit(server, A, **{**FEW, "connections": 5, "statement_s": 60, "transaction_s": 60, "database_mb": 60})
    with server.tenant(A) as own:
        own.execute("CREATE TABLE big (x text)")
        own.execute(f"REVOKE CONNECT ON DATABASE {NAME} FROM {NAME}")
        own.execute(FILLED.format(rows=330_000))
        assert within(AT_MOST_S, lambda: f"{NAME}: warning: its database fills" in guard.said())
        assert f"{NAME}: closed" not in guard.said()
        with contextlib.suppress(psycopg.OperationalError):
            own.execute(FILLED.format(rows=300_000))
        assert within(AT_MOST_S, lambda: f"{NAME}: closed: its database fills" in guard.said())
        assert within(AT_MOST_S, lambda: is_ended(own, "SELECT 1"))
    assert not can_connect(server)
    with server.provisioner() as connection:
        connection.execute(f"ALTER ROLE {NAME} NOLOGIN CONNECTION LIMIT 0")  # as suspend does
    limit(server, A, **{**FEW, "database_mb": 2000})
    assert not within(3, lambda: can_connect(server))
    limit(server, A, **{**FEW, "database_mb": 60})
    with server.provisioner() as connection:
        connection.execute(f"ALTER ROLE {NAME} LOGIN CONNECTION LIMIT 5")  # as resume does
    assert within(AT_MOST_S, lambda: not can_connect(server))
    limit(server, A, **{**FEW, "database_mb": 2000})
    assert within(AT_MOST_S, lambda: can_connect(server))
    assert says(guard, f"{NAME}: open again")


def test_the_guard_outlives_what_everybody_may_do_to_it(server: Neighbours, guard: GuardAtWork) -> None:
    """No tenant connects to its database, calls its functions, changes its limits or ends its session."""
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        server.tenant(B, DATABASE)
    with server.tenant(B) as own:
        (pid,) = own.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", (ROLE,)).fetchone() or (0,)
        name = TenantNames(B).database
        for statement in (
            f"SELECT pg_terminate_backend({pid})",
            f"COMMENT ON ROLE {name} IS 'smarteros {{}}'",
            f"ALTER ROLE {ROLE} NOLOGIN",
            f"ALTER ROLE {ROLE} SET lock_timeout TO 1",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                own.execute(statement)
    assert guard.process.running


def test_the_guards_own_login_reaches_no_tenants_data(server: Neighbours, guard: GuardAtWork) -> None:
    """It may call two functions: no tenant's database, no statement of anybody's, no session of the platform's."""
    for database in (NAME, TenantNames(B).database):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(**server.parameters(ROLE, database, PASSWORD))
    refused: tuple[str, ...] = (
        "SELECT * FROM guard.closed",
        "SELECT guard.limits()",
        "SELECT guard.filled('postgres', 'postgres')",
        f"ALTER ROLE {NAME} NOLOGIN",
        f"SET ROLE {NAME}",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'smarteros_provisioner_login'",
    )
    with server.provisioner(), psycopg.connect(**server.parameters(ROLE, DATABASE, PASSWORD), autocommit=True) as own:
        for statement in refused:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                own.execute(statement)
        hidden = own.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'customers' AND pid <> pg_backend_pid()"
        ).fetchone()
        assert hidden == (0,)


def test_nobody_without_limits_is_unlimited(server: Neighbours, guard: GuardAtWork) -> None:
    """A role that was made before there were any has the smallest tier's."""
    with psycopg.connect(**server.parameters(server.admin, "postgres"), autocommit=True) as connection:
        connection.execute("GRANT smarteros_provisioner TO CURRENT_USER")
    with server.provisioner() as connection:
        assert connection.execute(
            "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 't_algorithmics'"
        ).fetchone() == (None,)
    check: Callable[[], Any] = lambda: _limits_of(server, "t_algorithmics")  # noqa: E731 - a function for one call
    assert check() == (5, 60, 60, 300, 2048)


def _limits_of(server: Neighbours, role: str) -> Any:
    query = (
        "SELECT connections, statement_s, idle_in_transaction_s, transaction_s, database_mb FROM guard.limits() "
        "WHERE role = %s"
    )
    with psycopg.connect(**server.parameters("smarteros_provisioner_login", DATABASE), autocommit=True) as connection:
        return connection.execute(query, (role,)).fetchone()
