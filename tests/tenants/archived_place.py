"""Servers with two tenants, one of which has something of every kind in it: for what is read out and written back."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any, cast

import psycopg
from psycopg import sql

from provider.migration_files import latest
from provider.migrations import MIGRATIONS, MigrationsInputs
from sandbox.postgresql.server.clusters import Cluster
from tenants.archive.database import TenantDatabase
from tenants.archive.keys import KeysLogin, TenantKeys
from tenants.archive.parts import Parts, parts_of
from tenants.model import Tenant
from tenants.names import TenantNames
from tenants.platform import Server, Vault
from tenants.secrets import TenantSecrets, VaultLogin
from tenants.session import PlatformSession
from tests.provider.servers import PASSWORD, admin, config_of, limited_keeper
from tests.sandbox.vault.server.servers import Asked

__all__ = ["ACME", "OTHER", "Place", "fill_all", "make", "tenant", "unmake"]

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


def make(place: Place, names: TenantNames) -> None:
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


def unmake(place: Place, names: TenantNames) -> None:
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


def fill_all(place: Place) -> None:
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
