"""What is in a tenant comes back from its archive, also under another name, or it is said what does not; and what is
no whole archive is refused.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pyrage
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from access.provisioner import APPROLE, PROVISIONER, provisioner_policy
from age_keyring.signing import Statement, private_of, signed
from provider.migration_files import latest
from provider.migrations import MIGRATIONS, MigrationsInputs
from sandbox.postgresql.server.clusters import Cluster
from tenants.archive import file as archive
from tenants.archive.database import TenantDatabase
from tenants.archive.keys import KeysLogin, TenantKeys
from tenants.archive.login import forget_logins
from tenants.archive.manifest import ArchiveBroken, Manifest, Part, digest, read_manifest
from tenants.archive.parts import Parts, parts_of
from tenants.archive.transfer import Opened, fill
from tenants.model import Tenant
from tenants.names import TenantNames
from tenants.platform import Server, Vault
from tenants.secrets import TenantSecrets, VaultLogin
from tenants.session import PlatformSession
from tenants.steps.database import FILE as DATABASE
from tenants.steps.redis import FILE as REDIS
from tenants.steps.vault import FILE as VAULT
from tests.provider.servers import PASSWORD, admin, config_of, limited_keeper, postgres_server, redis_server
from tests.sandbox.vault.server.servers import Asked, simulated

ACME, OTHER = TenantNames("acme"), TenantNames("zapato-azul")


def tenant(names: TenantNames) -> Tenant:
    """Of these names."""
    return Tenant.model_validate({"rut": "12345678-5", "name": "Acme", "domain": f"{names.slug}.example.com"})


class Place:
    """Servers with two tenants: one with everything in it, one empty."""

    def __init__(self, cluster: Cluster, redis: Any, vault: Asked, login: VaultLogin) -> None:
        self.cluster, self.redis, self.vault = cluster, redis, vault
        self.server = Server(
            name="vps",
            host="vps",
            local_port=cluster.port,
            sslmode="disable",
            login="login",
            provisioner="provisioner",
            template="template1",
        )
        platform = SimpleNamespace(server=self.server, redis=None, blobs=None, vault=Vault(local_port=vault.port))
        secrets = TenantSecrets(
            cloudflare_token="", provisioner_password=PASSWORD, redis_password=PASSWORD, vault=login
        )
        self.session = cast(PlatformSession, SimpleNamespace(platform=platform, secrets=secrets))

    def own(self, names: TenantNames) -> psycopg.Connection[Any]:
        """As the owner."""
        return psycopg.connect(**admin(self.cluster, names.database, names.database), autocommit=True)

    def parts(self, names: TenantNames) -> contextlib.AbstractContextManager[Parts]:
        return parts_of(self.session, tenant(names))

    def keys(self, names: TenantNames) -> TenantKeys:
        """Of the names' Redis."""
        return TenantKeys(KeysLogin(port=self.redis.port, user=limited_keeper(self.redis), password=PASSWORD), names)

    def database(self, names: TenantNames) -> TenantDatabase:
        return TenantDatabase(self.server, PASSWORD, names.database)


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
        _make(found, names)
    yield found
    for names in (ACME, OTHER):
        _unmake(found, names)


def _make(place: Place, names: TenantNames) -> None:
    name = sql.Identifier(names.database)
    with psycopg.connect(**admin(place.cluster, user="login"), autocommit=True) as connection:
        connection.execute("SET ROLE provisioner")
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(PASSWORD)))
        connection.execute(sql.SQL("GRANT {} TO provisioner").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(name))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    with psycopg.connect(**admin(place.cluster, names.database), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION vector")
    wanted = {"database": names.database, "role": names.database, "set": "knowledge", "version": latest("knowledge")}
    MIGRATIONS.handler.create(config_of(place.cluster), MigrationsInputs.model_validate(wanted))
    place.vault.done("POST", f"sys/mounts/{names.mount}", {"type": "kv-v2"})


def _unmake(place: Place, names: TenantNames) -> None:
    with psycopg.connect(**admin(place.cluster), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(names.database)))
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(names.database)))
        left = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 't\\_%'").fetchall()
        assert left == [] or left == [(OTHER.database,)], "the archive's login is gone"
    place.redis.client().flushall()
    place.vault.done("DELETE", f"sys/mounts/{names.mount}")


ODD = """
CREATE SCHEMA "Casa «Ñ» 1";
CREATE TYPE "Casa «Ñ» 1".estado AS ENUM ('sí', 'no');
CREATE TABLE "Casa «Ñ» 1"."t" ("t" int, "select" text, "a""b" text[], raw bytea, at timestamptz, j jsonb, n numeric,
  e "Casa «Ñ» 1".estado, f float8);
INSERT INTO "Casa «Ñ» 1"."t" VALUES
  (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (2, E'tab\\t línea\\n \\\\ barra', ARRAY['a', NULL, '{}', '"', ''], '\\x00ff5c0a', '2026-01-31 12:00-03',
   '{"ñ": [1, null]}', 12345678901234567890.123456789, 'sí', 0.1),
  (3, repeat('año ', 300000), '{}', decode(repeat('00', 5000), 'hex'), 'infinity', 'null', 'NaN', 'no', '-Infinity');
CREATE TABLE empty ();
INSERT INTO empty DEFAULT VALUES;
CREATE TABLE numbered (id bigint GENERATED ALWAYS AS IDENTITY, twice bigint GENERATED ALWAYS AS (7 * 2) STORED);
INSERT INTO numbered DEFAULT VALUES;
INSERT INTO numbered DEFAULT VALUES;
CREATE SEQUENCE "Nº" START 41;
SELECT nextval('"Nº"');
CREATE TABLE parts (k int, v text) PARTITION BY RANGE (k);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
INSERT INTO parts VALUES (1, 'uno');
CREATE VIEW seen AS SELECT k FROM parts;
CREATE MATERIALIZED VIEW kept AS SELECT count(*) FROM parts;
CREATE FUNCTION doubled(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
SELECT lo_from_bytea(0, '\\x0102030405');
INSERT INTO documents (source, title, content_sha256) SELECT 'web', 'D ' || n, sha256(n::text::bytea)
  FROM generate_series(1, 25) n;
INSERT INTO chunks (document_id, position, tokens, content, embedding)
  SELECT id, 0, 12, 'línea ' || id,
    (SELECT array_agg(sin(id * 1000 + k))::real[]::vector FROM generate_series(1, 1536) k)
  FROM documents;
"""


def _fill(place: Place) -> None:
    with place.own(ACME) as connection:
        connection.execute(ODD)
        connection.execute("ALTER DATABASE t_acme SET timezone = 'America/Santiago'")
    client, prefix = place.redis.client(), ACME.redis_prefix
    client.set(f"{prefix}for ever", b"\x00\xff\n")
    client.set(f"{prefix}sesión", "1", ex=3600)
    client.hset(f"{prefix}hash", mapping={f"campo {n}": n for n in range(700)})
    client.rpush(f"{prefix}list", *[f"{n}" * 50 for n in range(300)])
    client.sadd(f"{prefix}set", *[f"s{n}" for n in range(900)])
    client.zadd(f"{prefix}zset", {f"z{n}": n / 3 for n in range(400)})
    client.xadd(f"{prefix}stream", {"a": "1", "b": "dos"}, id="5-1")
    client.xgroup_create(f"{prefix}stream", "workers")
    client.set("t_acme_2:not ours", "x")
    vault = place.vault
    vault.done("POST", f"{ACME.mount}/data/whatsapp/n%C3%BAmero%20uno", {"data": {"token": "á", "n": 1}})
    vault.done("POST", f"{ACME.mount}/data/a/b/c", {"data": {"deep": {"er": [1, None]}}})
    vault.done("POST", f"{ACME.mount}/data/a/b", {"data": {"k": "old"}})
    vault.done("POST", f"{ACME.mount}/data/a/b", {"data": {"k": "new"}})
    vault.done("POST", f"{ACME.mount}/data/database", {"data": {"password": "is made anew"}})
    vault.done("POST", f"{ACME.mount}/data/gone", {"data": {"k": "v"}})
    vault.done("DELETE", f"{ACME.mount}/data/gone")


@pytest.mark.parametrize("target", [OTHER, ACME], ids=["under another name", "under its own"])
def test_everything_comes_back_with_the_same_checksums(place: Place, target: TenantNames) -> None:
    """Tables of any name and kind, keys of every kind, secrets at any depth; and again the same by its own dump."""
    _fill(place)
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

IDENTITY = pyrage.x25519.Identity.generate()
READER = cast(Any, SimpleNamespace(keys=[IDENTITY]))
KEY, OTHER_KEY = private_of("01" * 32), private_of("02" * 32)
STATEMENT = Statement(purpose="archive", stack="prod", subject="acme", made="2026-01-31T12:00:00Z", serial=7, signer="")
PARTS_TOLD = {"parts": {name: {"sha256": "", "size": 0} for name in ("database.sql", "tenant.yaml", "x.sql")}}
PARTS = {"database.sql": b"SELECT 1;\n", "tenant.yaml": b"name: Acme\n"}


def _manifest(of: dict[str, bytes], **more: Any) -> bytes:
    values = {
        "slug": "acme",
        "rut": "12345678-5",
        "name": "Acme",
        "environment": "prod",
        "made": "2026-01-31T12:00:00Z",
        "serverVersion": 180004,
        "schemaVersion": "0001",
        "parts": {name: Part(sha256=digest(one), size=len(one)) for name, one in of.items()},
        "content": {"tables": {}, "rows": {}, "redisKeys": 0, "redis": "", "secrets": ""},
    }
    return json.dumps({**Manifest.model_validate(values).model_dump(by_alias=True, mode="json"), **more}).encode()


def _tar(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for about, content in members:
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))
    return held.getvalue()


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    about = tarfile.TarInfo(name)
    about.type, about.linkname = kind, link
    return about


def _changed(content: bytes, at: int, with_: bytes) -> bytes:
    """In the first header; its checksum is right again, unless something else was changed than a field."""
    content = content[:at] + with_ + content[at + len(with_) :]
    total = sum(content[:512]) - sum(content[148:156]) + 8 * 32
    return content if len(with_) == 1 else content[:148] + b"%06o\0 " % total + content[156:]


def _hidden(content: bytes) -> bytes:
    size = int(content[124:135], 8)
    return content[: 512 + size] + b"x" + content[512 + size + 1 :]


def _whole(
    parts: dict[str, bytes] | None = None, handed: dict[str, Any] | None = None, **more: Any
) -> list[tuple[tarfile.TarInfo, bytes]]:
    wanted = PARTS if parts is None else parts
    return [
        (_member("manifest.json"), _manifest(PARTS, **(handed or {}), **more)),
        *((_member(name), one) for name, one in wanted.items()),
    ]


def _sealed(content: bytes, key: Any = KEY, **more: Any) -> bytes:
    handed = replace(STATEMENT, **{"plain_size": len(content), **more})
    return signed(key, handed, pyrage.encrypt(content, [IDENTITY.to_public()]))


def _read(file: Path, content: bytes, *, sealed: bool = False, trust: str = "") -> Manifest:
    file.write_bytes(content if sealed else _sealed(content))
    parts = archive.read(file, READER, KEY, trust=trust).parts
    return read_manifest(parts.pop(archive.MANIFEST), parts)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    """Else the refusals below would prove nothing."""
    assert _read(tmp_path / "a.archive", _tar(_whole())).slug == "acme"


BROKEN: dict[str, tuple[bytes, str]] = {
    "a way out": (_tar([*_whole(), (_member("../x"), b"x")]), r"'\.\./x' in it is no plain file"),
    "an absolute path": (_tar([*_whole(), (_member("/etc/x.y"), b"x")]), "no plain file"),
    "a symlink": (_tar([*_whole(), (_member("a.sql", tarfile.SYMTYPE, "/etc/passwd"), b"")]), "'a.sql' in it is no"),
    "a hard link": (_tar([*_whole(), (_member("a.sql", tarfile.LNKTYPE, "tenant.yaml"), b"")]), "'a.sql' in it is no"),
    "a device": (_tar([*_whole(), (_member("a.sql", tarfile.CHRTYPE), b"")]), "'a.sql' in it is no plain file"),
    "a second manifest": (_tar([*_whole(), (_member("manifest.json"), _manifest({}))]), "manifest.json is in it twice"),
    "no manifest": (_tar(_whole()[1:]), "no manifest.json"),
    "a part more": (_tar([*_whole(), (_member("more.sql"), b"x")]), "it should hold"),
    "a part less": (_tar(_whole()[:-1]), "it should hold"),
    "another content": (_tar(_whole({**PARTS, "database.sql": b"SELECT 2;\n"})), "database.sql: its checksum is"),
    "a newer format": (_tar(_whole(format=2)), "format: 2 is not known here"),
    "no format": (_tar([(_member("manifest.json"), b"[]")]), "format: None is not known"),
    "an unknown key": (_tar(_whole(more=1)), "manifest.json: more"),
    "no tar": (b"hello", "no plain tar"),
    "a torn tar": (_tar(_whole())[:-9000], "cut off"),
    "a compressed tar": (gzip.compress(_tar(_whole())), "no plain tar"),
    "a part that no archive has": (_tar(_whole({**PARTS, "x.sql": b""}, PARTS_TOLD)), "and no other"),
    "something behind the end": (_tar(_whole()) + b"x" * 512, "hidden behind its end"),
    "more room behind the end than any tool makes": (_tar(_whole()) + bytes(1 << 17), "hidden behind its end"),
    "something between two files": (_hidden(_tar(_whole())), "hidden behind it"),
    "a sparse file": (_tar([*_whole(), (_member("a.sql", tarfile.GNUTYPE_SPARSE), b"x")]), "no plain file"),
    "an extended header": (_tar([*_whole(), (_member("a.sql", tarfile.XHDTYPE), b"x")]), "no plain file"),
    "a size in base 256": (_changed(_tar(_whole()), 124, b"\x80" + bytes(3) + b"\x7f" * 8), "no plain number"),
    "a negative size": (_changed(_tar(_whole()), 124, b"-0000000001\0"), "no plain number"),
    "a size beyond the end": (_changed(_tar(_whole()), 124, b"77777777777\0"), "cut off before"),
    "a header's checksum": (_changed(_tar(_whole()), 100, b"7"), "checksum of its header"),
    "a prefix of a path": (_changed(_tar(_whole()), 345, b"../.."), "no plain file"),
    "many files": (_tar([(_member(f"a{n}.sql"), b"") for n in range(99)]), "more than 16"),
    "a manifest nested deep": (_tar([(_member("manifest.json"), b"[" * 100_000)]), "format: None"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_whole_archive_is_refused_with_a_mend(tmp_path: Path, what: str) -> None:
    """Whoever has the recipients' public keys can make a file that opens: what is in it is judged, and never a path."""
    content, handed = BROKEN[what]
    with pytest.raises(ArchiveBroken, match=handed) as raised:
        _read(tmp_path / "a.archive", content)
    assert "Fix: " in str(raised.value)


def test_a_changed_or_torn_file_and_another_key_are_refused(tmp_path: Path) -> None:
    """Every byte counts."""
    sealed = _sealed(_tar(_whole()))
    for index in (*range(0, 700, 11), len(sealed) // 2, len(sealed) - 1):
        changed = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        with pytest.raises(ArchiveBroken, match=r"a\.archive: .*Fix: "):
            _read(tmp_path / "a.archive", changed, sealed=True)
    other = pyrage.encrypt(b"x", [pyrage.x25519.Identity.generate().to_public()])
    for content in (
        sealed[:-20],
        sealed[:40],
        b"",
        signed(KEY, STATEMENT, other),
        signed(KEY, STATEMENT, b"no age file"),
    ):
        with pytest.raises(ArchiveBroken, match=r"a\.archive: .*Fix: "):
            _read(tmp_path / "a.archive", content, sealed=True)


def test_what_opens_proves_no_sender(tmp_path: Path) -> None:
    """Whoever knows the recipients' public keys can encrypt to them: unsigned, by another key, for another purpose, or
    with another size than was signed, it is refused before it is decrypted; and no message tells what to type.
    """
    plain = pyrage.encrypt(_tar(_whole()), [IDENTITY.to_public()])
    for content, expected in (
        (plain, "it is not signed"),
        (_sealed(_tar(_whole()), OTHER_KEY), "not signed by anybody who is trusted"),
        (_sealed(_tar(_whole()), purpose="proof"), "not signed by anybody who is trusted"),
        (_sealed(_tar(_whole()), plain_size=5), "and 5 are told"),
    ):
        with pytest.raises(ArchiveBroken, match=expected) as refused:
            _read(tmp_path / "a.archive", content, sealed=True)
        assert hashlib.sha256(content).hexdigest() not in str(refused.value)


def test_one_from_elsewhere_is_taken_with_its_checksum_alone(tmp_path: Path) -> None:
    """Unsigned, as archives were, or signed by another keyring; with another checksum it is another file."""
    for content in (
        pyrage.encrypt(_tar(_whole()), [IDENTITY.to_public()]),
        _sealed(_tar(_whole()), OTHER_KEY),
    ):
        right = hashlib.sha256(content).hexdigest()
        assert _read(tmp_path / "a.archive", content, sealed=True, trust=right).slug == "acme"
        with pytest.raises(ArchiveBroken, match="it is another file"):
            _read(tmp_path / "a.archive", content, sealed=True, trust=right[:-1] + "x")


def test_there_must_be_room_before_anything_is_written_or_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the disk for a new one; in memory for one that is opened, before it is read."""
    recipient = cast(Any, SimpleNamespace(key=lambda where: IDENTITY.to_public()))
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=100))
    with pytest.raises(ArchiveBroken, match=r"100 are free.*make room"):
        archive.write(tmp_path / "b.archive", PARTS, (recipient,), KEY, STATEMENT)
    assert not (tmp_path / "b.archive").exists()
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=100))
    monkeypatch.setattr("tenants.archive.file.raw", lambda *_: pytest.fail("it was read"))
    with pytest.raises(ArchiveBroken, match="more memory"):
        _read(tmp_path / "a.archive", _tar(_whole()))


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
