"""What a tenant's owner hides in its own database does not get the rights of who works in it on the tenant's behalf.

Whoever logs in as the provisioner and takes the owner's role can take the provisioner's back; and so can every trigger,
cast or rule of the tenant's that runs in that session.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from components.services.postgres import PROVISIONER, PROVISIONER_LOGIN
from provider.migration_files import latest
from provider.migrations import MIGRATIONS, MigrationsInputs
from tests.components.declared import platform, resolved
from tests.isolation.neighbours import Neighbours, neighbours

WANTED = MigrationsInputs.model_validate(
    {"database": "t_acme", "role": "t_acme", "set": "knowledge", "version": latest("knowledge")}
)
TAKES_IT_BACK = """
CREATE TABLE tried (session text, told text);
CREATE FUNCTION take() RETURNS void LANGUAGE plpgsql AS $$BEGIN
  EXECUTE 'SET ROLE {provisioner}';
  EXECUTE 'GRANT t_acme_2 TO t_acme';
  EXECUTE 'ALTER ROLE t_acme_2 CONNECTION LIMIT 0';
EXCEPTION WHEN OTHERS THEN INSERT INTO public.tried VALUES (session_user, SQLERRM);
END$$;
CREATE FUNCTION taking() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM public.take(); RETURN NEW; END$$;
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    """A server on which acme lies in wait."""
    with neighbours(tmp_path_factory.mktemp("pg") / "server", managed=False) as found:
        with found.tenant("acme") as own:
            own.execute(TAKES_IT_BACK.replace("{provisioner}", PROVISIONER))
        yield found


@pytest.fixture
def server(running: Neighbours) -> Neighbours:
    """Nothing was tried yet."""
    with running.tenant("acme") as own:
        own.execute("DELETE FROM tried")
    return running


def config(server: Neighbours) -> dict[str, str]:
    """The provider's, as a tenant's stack gives it."""
    found = server.parameters(PROVISIONER_LOGIN, "postgres")
    return {"postgres": json.dumps({key: found[key] for key in ("host", "port", "user", "password")})}


def assert_kept(server: Neighbours) -> None:
    """acme is no member of its neighbour, who is as it was; the attempt was made, and refused; nothing is left of who
    worked in the database.
    """
    with server.provisioner() as connection:
        question = "SELECT pg_has_role('t_acme', 't_acme_2', 'MEMBER'), rolconnlimit FROM pg_roles WHERE rolname = %s"
        assert connection.execute(question, ("t_acme_2",)).fetchone() == (False, 5)
        roles = connection.execute("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1").fetchall()
        names = {"postgres", PROVISIONER, PROVISIONER_LOGIN, "t_acme", "t_acme_2", "t_algorithmics"}
        assert {one for (one,) in roles} == names


def tried(server: Neighbours) -> list[Any]:
    """What the hidden code was told."""
    with server.tenant("acme") as own:
        return own.execute("SELECT DISTINCT told FROM tried").fetchall()


REFUSAL = [(f'permission denied to set role "{PROVISIONER}"',)]


def test_a_trigger_that_meets_a_migration(server: Neighbours) -> None:
    """The tables in which migrations are written down are the tenant's, too."""
    MIGRATIONS.handler.create(config(server), WANTED)
    with server.tenant("acme") as own:
        for table in ("_yoyo_log", "yoyo_lock"):
            own.execute(f"CREATE TRIGGER t BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION taking()")
        own.execute("DROP TABLE chunks, documents CASCADE; DELETE FROM _yoyo_migration")
    MIGRATIONS.handler.create(config(server), WANTED)
    assert tried(server) == REFUSAL
    assert_kept(server)


def test_a_function_by_the_name_of_one_of_postgresqls(server: Neighbours) -> None:
    """The provider of PostgreSQL reads in the tenant's database who may connect, as the provisioner: an aggregate of
    the tenant's that fits better than PostgreSQL's own is not what it calls.
    """
    with server.tenant("acme") as own:
        own.execute(
            "CREATE FUNCTION adding(text[], text) RETURNS text[] LANGUAGE plpgsql AS "
            "$$BEGIN PERFORM public.take(); RETURN $1; END$$"
        )
        own.execute("CREATE AGGREGATE array_agg(text) (SFUNC = public.adding, STYPE = text[], INITCOND = '{}')")
    with psycopg.connect(**server.parameters(PROVISIONER_LOGIN, "t_acme"), autocommit=True) as connection:
        reading = "SELECT array_agg(privilege_type) FROM (SELECT (aclexplode(datacl)).* FROM pg_database) AS one"
        connection.execute(reading)
    assert tried(server) == []
    assert_kept(server)


def test_what_a_killed_run_left_is_removed_by_the_next(server: Neighbours) -> None:
    """And until then nobody can log in with it for longer than an hour."""
    with server.provisioner() as connection:
        connection.execute("CREATE ROLE t_acme$0 LOGIN VALID UNTIL '2000-01-01' IN ROLE t_acme")
    MIGRATIONS.handler.create(config(server), WANTED)
    assert MIGRATIONS.handler.read(config(server), "t_acme/knowledge", WANTED) == {"version": WANTED.version}
    assert_kept(server)


def test_the_platforms_login_looks_in_postgresqls_own_schema_alone() -> None:
    """As the login of these tests does."""
    logins = [one for one in platform() if resolved(one.inputs).get("name") == PROVISIONER_LOGIN]
    assert [one.inputs["searchPaths"] for one in logins] == [["pg_catalog"]] * len(logins) != []
