"""What is in a tenant comes back from its archive, also under another name, or it is said what does not."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from access.provisioner import APPROLE, PROVISIONER, provisioner_policy
from sandbox.postgresql.server.clusters import Cluster
from tenants.archive.login import forget_logins
from tenants.archive.manifest import ArchiveBroken, Manifest
from tenants.archive.transfer import Opened, fill
from tenants.names import TenantNames
from tenants.secrets import VaultLogin
from tenants.steps.database import FILE as DATABASE
from tenants.steps.redis import FILE as REDIS
from tenants.steps.vault import FILE as VAULT
from tests.provider.servers import PASSWORD, admin, postgres_server, redis_server
from tests.sandbox.vault.server.servers import Asked, simulated
from tests.tenants.archived_place import ACME, OTHER, Place, fill_all, make, tenant, unmake


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Any, Asked, VaultLogin]]:
    folder = tmp_path_factory.mktemp("archive")
    with (
        postgres_server(folder / "postgres") as cluster,
        redis_server(folder / "redis") as redis,
        simulated(folder / "vault") as vault,
    ):
        vault.done("POST", f"sys/auth/{APPROLE}", {"type": "approle"})
        vault.done("PUT", f"sys/policies/acl/{PROVISIONER}", {"policy": provisioner_policy()})
        vault.done("POST", f"auth/{APPROLE}/role/{PROVISIONER}", {"token_policies": [PROVISIONER]})
        role = vault.done("GET", f"auth/{APPROLE}/role/{PROVISIONER}/role-id")["data"]["role_id"]
        secret = vault.done("POST", f"auth/{APPROLE}/role/{PROVISIONER}/secret-id", {})["data"]["secret_id"]
        yield cluster, redis, vault, VaultLogin(role_id=role, secret_id=secret)


@pytest.fixture
def place(servers: tuple[Cluster, Any, Asked, VaultLogin], monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    found = Place(*servers)
    # Its Redis is reached without a host.
    reached = lambda _, one: contextlib.nullcontext(found.keys(one.names))  # noqa: E731 - a function for one call
    monkeypatch.setattr("tenants.steps.redis.keys_of", reached)
    for names in (ACME, OTHER):
        make(found, names)
    yield found
    for names in (ACME, OTHER):
        unmake(found, names)


@pytest.mark.parametrize("target", [OTHER, ACME], ids=["under another name", "under its own"])
def test_everything_comes_back_with_the_same_checksums(place: Place, target: TenantNames) -> None:
    """Tables of any name and kind, keys of every kind, secrets at any depth; and again the same by its own dump."""
    fill_all(place)
    with place.parts(ACME) as there:
        parts, content, about = there.dump()
        assert there.content() == content
    assert about["serverVersion"] >= 160000
    assert content.rows['"Casa «Ñ» 1".t'] == 3
    assert (content.rows["public.empty"], content.rows["public.chunks"]) == (1, 25)
    assert "is made anew" not in parts[VAULT].decode()
    assert b"not ours" not in b"".join(parts.values())
    assert {"(sequences)", "(large objects)"} <= set(content.tables)
    if target == ACME:
        with place.own(ACME) as connection:
            connection.execute("DELETE FROM chunks; INSERT INTO numbered DEFAULT VALUES; SELECT nextval('\"Nº\"')")
        place.redis.client().set(f"{ACME.redis_prefix}later", "goes")
    for _ in range(2):  # again, it ends the same
        found = fill(place.session, _opened(parts, content), tenant(target), lambda _: None)
    assert found == content
    with place.own(target) as connection:
        assert connection.execute("SELECT doubled(4), nextval('\"Nº\"')").fetchone() == (8, 42)
        owners = "SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname NOT LIKE ALL('{pg_%,information%}')"
        assert connection.execute(owners).fetchall() == [(target.database,)]
    client, prefix = place.redis.client(), target.redis_prefix
    assert 0 < client.ttl(f"{prefix}sesión") <= 3600
    assert client.xinfo_groups(f"{prefix}stream")[0]["name"] == "workers"
    assert client.exists(f"{prefix}later") == 0


def _opened(parts: dict[str, bytes], content: Any) -> Opened:
    return Opened(Path("x.archive"), cast(Manifest, SimpleNamespace(content=content)), parts)


VALUES = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**31), 2**31 - 1),
        st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
        st.none() | st.binary(max_size=20),
        st.none() | st.lists(st.none() | st.text('a{}"\\,ñ ', max_size=3), max_size=4),
        st.none() | st.floats(),
    ),
    max_size=5,
)
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=10)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, columns=st.lists(NAMES, min_size=5, max_size=5, unique=True), rows=VALUES)
def test_whatever_is_in_a_table_comes_back(place: Place, name: str, columns: list[str], rows: list[Any]) -> None:
    """Any name, any column, any value."""
    kinds = ("int", "text", "bytea", "text[]", "float8")
    if any(len(one.encode()) > 63 for one in (name, *columns)) or name.startswith("_yoyo"):
        return
    table = sql.Identifier("public", f"x{name}")
    defined = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(f"c{one}"), sql.SQL(cast(Any, kind)))
        for one, kind in zip(columns, kinds, strict=True)
    )
    with place.own(ACME) as connection:
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, defined))
        for row in rows:
            # Not as parameters: beside them the client would read a % in the table's name as one more.
            values = sql.SQL(", ").join(map(sql.Literal, row))
            connection.execute(sql.SQL("INSERT INTO {} VALUES ({})").format(table, values))
    try:
        there = place.database(ACME)
        content, before = there.dump()
        there = place.database(OTHER)
        there.restore(content)
        assert there.content() == before
        assert len(rows) in before.rows.values()
    finally:
        for names in (ACME, OTHER):
            with place.own(names) as connection:
                connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))


def test_one_changed_value_is_another_checksum(place: Place) -> None:
    """In a table, a sequence, a large object, a key or a secret: of each alone."""
    _fill_plain = place.own(ACME)
    with _fill_plain as connection:
        connection.execute("CREATE TABLE own (v text); INSERT INTO own VALUES ('a'); CREATE SEQUENCE s")
        connection.execute("SELECT lo_from_bytea(9999, '\\x01')")
    seen = []
    handler: list[Callable[[], object]] = [
        lambda: None,
        lambda: _do(place, "UPDATE own SET v = 'b'"),
        lambda: _do(place, "SELECT nextval('s')"),
        lambda: _do(place, "SELECT lo_put(9999, 0, '\\x02')"),
        lambda: place.redis.client().set("t_acme:k", "1"),
        lambda: place.redis.client().set("t_acme:k", "2"),
        lambda: place.vault.done("POST", "kv-acme/data/k", {"data": {"a": 1}}),
    ]
    for act in handler:
        act()
        with place.parts(ACME) as there:
            seen.append(there.content().model_dump_json())
    assert len(set(seen)) == len(handler)


def _do(place: Place, statement: str) -> None:
    with place.own(ACME) as connection:
        connection.execute(cast(Any, statement))


def test_what_a_tenant_put_into_its_database_never_runs_with_more_than_its_own_rights(place: Place) -> None:
    """A check that leaves its role, and a cast of its row: whoever exports or imports is nobody else then."""
    with place.own(ACME) as connection:
        connection.execute(
            """
            CREATE TABLE told (who text);
            CREATE TABLE trap (v int);
            CREATE FUNCTION spring(int) RETURNS boolean LANGUAGE plpgsql AS $$
            BEGIN
              EXECUTE 'RESET ROLE';
              IF pg_has_role(session_user, 'provisioner', 'member') THEN
                RAISE EXCEPTION 'escaped as %', session_user;
              END IF;
              RETURN true;
            END $$;
            ALTER TABLE trap ADD CONSTRAINT c CHECK (public.spring(v));
            INSERT INTO trap VALUES (1);
            CREATE FUNCTION opened(trap) RETURNS text LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'the cast was called'; END $$;
            CREATE CAST (trap AS text) WITH FUNCTION opened(trap);
            """
        )
    there = place.database(ACME)
    content, before = there.dump()
    there = place.database(OTHER)
    there.restore(content)
    assert there.content() == before


def test_commands_of_the_client_program_are_refused(place: Place, tmp_path: Path) -> None:
    """An archive is somebody's file: it starts nothing on the operator's machine, and leaves nothing half done."""
    mark = tmp_path / "mark"
    evil = f"CREATE TABLE half (v int);\n\\! touch {mark}\n".encode()
    for content in (evil, b"\\unrestrict smarteros\n" + evil, b"\\restrict smarteros\n\\unrestrict smarteros\n" + evil):
        with pytest.raises(ArchiveBroken, match="restrict"):
            place.database(OTHER).restore(content)
    assert not mark.exists()
    with place.own(OTHER) as connection:
        assert connection.execute("SELECT to_regclass('public.half')").fetchone() == (None,)


def test_a_failure_while_filling_is_told_and_nothing_of_the_sql_stays(place: Place) -> None:
    """Broken SQL: all or nothing; a key that Redis does not take; a table that is not as the archive says."""
    with place.parts(ACME) as there:
        parts, content, _ = there.dump()
    for broken, expected in (
        ({DATABASE: b"CREATE TABLE half (v int);\nSELECT 1/0;\n"}, "division by zero"),
        ({REDIS: json.dumps(["a2V5", "bm8=", 0]).encode() + b"\n"}, "redis.jsonl, line 1"),
        ({DATABASE: parts[DATABASE] + b"CREATE TABLE public.more (v int);\n"}, "not as in the archive"),
    ):
        with pytest.raises(ArchiveBroken, match=expected):
            fill(place.session, _opened({**parts, **broken}, content), tenant(OTHER), lambda _: None)
    with place.own(OTHER) as connection:
        assert connection.execute("SELECT to_regclass('public.half')").fetchone() == (None,)


# The file


def test_logins_that_killed_runs_left_are_removed(place: Place) -> None:
    """By the next one, and by who deletes the tenant; those of others stay."""
    with psycopg.connect(**admin(place.cluster, user="login"), autocommit=True) as connection:
        connection.execute("SET ROLE provisioner")
        for name in ("t_acme$archive", "t_acme$12ab", "t_zapato_azul$archive"):
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        there = place.database(ACME)
        there.content()
        forget_logins(place.server, PASSWORD, "t_acme")
        left = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 't\\_%$%'").fetchall()
        connection.execute('DROP ROLE "t_zapato_azul$archive"')
    assert left == [("t_zapato_azul$archive",)]
