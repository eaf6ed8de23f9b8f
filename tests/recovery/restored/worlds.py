"""A platform small enough for a test, of real parts: PostgreSQL, restic, and a bucket of moto's behind the sandbox's
mirror. Two tenants' databases, and one in the shape of Chatwoot's own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import psycopg
import pytest

from deploy.target import Target
from recovery.catalogue import Catalogue
from recovery.marker import Marker
from recovery.opened import Opened
from recovery.restic import Restic
from recovery.restic_program import Limits, Repository
from recovery.sources.logins import Server
from recovery.sources.source import Context
from sandbox.object_store.server import Mirrored
from sandbox.postgresql.server.clusters import Cluster
from settings.backups import Backups
from tests.provider.servers import PASSWORD, admin

needs_restic = pytest.mark.skipif(
    shutil.which("restic") is None,
    reason="NOT RUN: restic is not installed, and what restores is unproved without it (apt-get install restic)",
)
SAY = print
# chatwoot/chatwoot, db/schema.rb: create_trigger("accounts_after_insert_row_tr"), "conversations_before_insert_row_tr".
CHATWOOT = """
CREATE TABLE accounts (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE conversations (
    id serial PRIMARY KEY, account_id integer NOT NULL REFERENCES accounts, display_id integer NOT NULL
);
CREATE TABLE messages (
    id bigserial PRIMARY KEY, conversation_id integer NOT NULL REFERENCES conversations, content text
);
CREATE FUNCTION accounts_after_insert_row_tr() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN EXECUTE format('create sequence IF NOT EXISTS conv_dpid_seq_%s', NEW.id); RETURN NULL; END; $$;
CREATE TRIGGER accounts_after_insert_row_tr AFTER INSERT ON accounts
FOR EACH ROW EXECUTE FUNCTION accounts_after_insert_row_tr();
CREATE FUNCTION conversations_before_insert_row_tr() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.display_id := nextval('conv_dpid_seq_' || NEW.account_id); RETURN NEW; END; $$;
CREATE TRIGGER conversations_before_insert_row_tr BEFORE INSERT ON conversations
FOR EACH ROW EXECUTE FUNCTION conversations_before_insert_row_tr();
INSERT INTO accounts (name) VALUES ('Ferretería Sur'), ('Notaría');
INSERT INTO conversations (account_id) SELECT 1 FROM generate_series(1, 7);
INSERT INTO conversations (account_id) SELECT 2 FROM generate_series(1, 3);
INSERT INTO messages (conversation_id, content) SELECT id, 'hola ' || id FROM conversations;
"""
TENANT = """
CREATE TABLE notes (id serial PRIMARY KEY, words text NOT NULL);
INSERT INTO notes (words) SELECT md5(i::text) FROM generate_series(1, 500) i;
CREATE TABLE hidden (id int, words text);
INSERT INTO hidden VALUES (1, 'nobody sees me');
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
ALTER TABLE hidden FORCE ROW LEVEL SECURITY;
SELECT lo_from_bytea(0, 'a large object');
"""

SEED = "11" * 32
"""Of the key that signs tombstones."""


class World:
    """Its servers, and what is done with them as an operator would."""

    def __init__(self, cluster: Cluster, endpoint: str, folder: Path) -> None:
        self.cluster, self.endpoint, self.folder = cluster, endpoint, folder
        self.bucket = f"backups-{uuid4().hex[:8]}"
        self.password, self.limits = "the-restic-passw0rd", Limits(question_s=60, transfer_s=120)
        self.slugs: tuple[str, ...] = ("acme", "beta")
        states = f"file://{folder / 'states'}"
        self.place = cast(
            Any, SimpleNamespace(target=Target.SANDBOX, scratch=folder / "runs", environ={"PULUMI_BACKEND_URL": states})
        )
        self.place.scratch.mkdir()
        self.s3.create_bucket(Bucket=self.bucket)

    @property
    def s3(self) -> Any:
        """A client of the store."""
        import boto3

        keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", **keys)

    @property
    def restic(self) -> Restic:
        """The repository."""
        url = f"s3:{self.endpoint}/{self.bucket}/restic"
        environ = {"AWS_ACCESS_KEY_ID": "k" * 16, "AWS_SECRET_ACCESS_KEY": "s" * 16}
        repository = Repository(store="r2", url=url, password=self.password, environ=environ)
        return Restic(repository, "prod", self.folder / "cache", self.limits)

    @property
    def server(self) -> Server:
        """The databases' server."""
        return Server(
            name="vps",
            port=self.cluster.port,
            admin="postgres",
            password=PASSWORD,
            sslmode="disable",
            managed=False,
            domain="host:vps",
        )

    def opened(self, marker: Marker) -> Opened:
        """The environment."""
        store = {"name": "r2", "kind": "r2", "bucket": self.bucket, "endpoint": self.endpoint}
        settings = SimpleNamespace(
            stack="prod", backups=Backups.model_validate({"stores": [store]}), services=SimpleNamespace(chatwoot=True)
        )
        ctx = Context(
            place=self.place,
            settings=cast(Any, settings),
            keyring=cast(Any, SimpleNamespace(find=lambda _entry: SEED)),
            marker=marker,
            say=SAY,
            slugs=self.slugs,
        )
        return Opened(ctx=ctx, stores={"r2": self.restic})

    @contextlib.contextmanager
    def reached(self, _place: Any, _stack: str, marker: Marker, _say: Any) -> Iterator[Opened]:
        """As recovery.opened has it."""
        yield self.opened(marker)

    def catalogue(self) -> Catalogue:
        """What the store has."""
        return Catalogue.read(self.place, {"r2": self.restic})

    def asked(self, database: str, query: str) -> list[tuple[Any, ...]]:
        """What an administrator reads, or does; nothing of a statement without rows."""
        with psycopg.connect(**admin(self.cluster, database), autocommit=True) as connection:
            cursor = connection.execute(cast(Any, query))
            return cursor.fetchall() if cursor.description else []

    def databases(self) -> set[str]:
        """Which there are."""
        return {name for (name,) in self.asked("postgres", "SELECT datname FROM pg_database WHERE NOT datistemplate")}

    def make(self, database: str, text: str) -> None:
        """A database of its own owner's, as the platform makes it."""
        self.asked("postgres", f"CREATE ROLE {database} LOGIN PASSWORD '{PASSWORD}'")
        self.asked("postgres", f"CREATE DATABASE {database} OWNER {database} CONNECTION LIMIT 17")
        self.asked("postgres", f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
        with psycopg.connect(**admin(self.cluster, database, database), autocommit=True) as connection:
            connection.execute(cast(Any, text))

    def objects(self, prefix: str) -> list[tuple[str, int]]:
        """Keys and sizes of what the repository has, the largest first."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"restic/{prefix}").get("Contents", ())
        return sorted(((one["Key"], one["Size"]) for one in listed), key=lambda one: -one[1])


@contextlib.contextmanager
def store(folder: Path) -> Iterator[str]:
    """The sandbox's buckets, in this process: where they answer."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    server = make_server(
        "127.0.0.1", 0, Mirrored(DomainDispatcherApplication(create_backend_app), folder), threaded=True
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def killed(work: Callable[[], Any]) -> bool:
    """Does it in a process of its own; whether that was killed by kill -9."""
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            work()
            code = 0
        os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)
