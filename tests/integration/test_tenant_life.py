"""A tenant's life by the commands, with data in it: suspended, resumed, exported, deleted with proof, imported."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from tests.integration.conftest import Clone
from tests.integration.test_demo import last_json
from tests.integration.test_tenants import server

pytestmark = pytest.mark.slow
NAME = "Panadería Ñuñoa"
SLUG, DOMAIN = "panaderia", "panaderia.smarterbot.cl"


def rut(number: int) -> str:
    """A RUT with its right check digit."""
    from tenants.rut import check_digit

    return f"{number}-{check_digit(str(number))}"


def stack(clone: Clone, slug: str, script: str) -> str:
    """What a plain command on the tenant's stack prints."""
    address = f"http://127.0.0.1:{clone.platform()['vault']['localPort']}"
    folder = clone.home.folder / "tenants" / slug
    return clone.shell(
        f"export VAULT_SERVER_URL={address} VAULT_SERVER_TOKEN=$(./smos vault token prod)\n"
        f"unset PULUMI_OPTION_CWD; cd {folder} && {script}"
    ).stdout


def made(clone: Clone, slug: str) -> dict[str, dict[str, Any]]:
    """The resources of a tenant's stack by name, secrets shown."""
    exported = json.loads(stack(clone, slug, f"pulumi stack export --show-secrets --stack {slug}"))
    return {one["urn"].rsplit("::", 1)[-1]: one for one in exported["deployment"]["resources"]}


def secret(resource: dict[str, Any]) -> str:
    """A generated password."""
    return str(json.loads(resource["outputs"]["result"]["plaintext"]))


def own_redis_port(clone: Clone, slug: str) -> int:
    """Where the sandbox has the real server behind the container of a tenant's own Redis."""
    running = clone.asked("status")["redises"]
    return int(next(one["port"] for one in running if f"-t-{slug}-" in one["folder"]))


def with_redis(clone: Clone, slug: str, place: int) -> None:
    """Gives a tenant that is there a tier that has a Redis, and one of its own."""
    file = clone.home.folder / "registry" / f"{slug}.yaml"
    file.write_text(f"{file.read_text()}tier: pro\nredis: {{ place: {place} }}\n")
    clone.smos("tenant", "apply", slug, "--json")


class Data:
    """The tenant's own doors: as its applications go through them."""

    def __init__(self, clone: Clone, slug: str) -> None:
        resources = made(clone, slug)
        name = f"t_{slug.replace('-', '_')}"
        self.database = {
            **server(clone),
            "user": name,
            "dbname": name,
            "password": secret(resources["database-password"]),
        }
        self._login: dict[str, Any] = {
            "port": own_redis_port(clone, slug),
            "username": name,
            "password": secret(resources["redis-password"]),
        }
        self.redis = self.connected()
        self.prefix = f"{name}:"

    def connected(self, **more: Any) -> redis.Redis:
        """The tenant's own Redis, by its own user."""
        return redis.Redis(**self._login, **more, decode_responses=True)

    def fill(self) -> None:
        """Documents, chunks, keys."""
        with psycopg.connect(**self.database) as connection:
            connection.execute(
                "INSERT INTO documents (source, title, content_sha256, metadata) "
                "SELECT 'web', 'Menú «día» ' || n, sha256(n::text::bytea), jsonb_build_object('n', n, 'x', null) "
                "FROM generate_series(1, 25) n"
            )
            connection.execute(
                "INSERT INTO chunks (document_id, position, tokens, content, embedding) "
                "SELECT id, 0, 12, E'línea\\t' || id, array_fill(0.25::real, ARRAY[1536])::vector FROM documents"
            )
        self.redis.set(f"{self.prefix}sesión", "1", ex=3600)
        self.redis.hset(f"{self.prefix}carro", mapping={"pan": "2"})

    def seen(self) -> tuple[int, int, str | None, dict[str, str]]:
        """What a reader of everything sees."""
        with psycopg.connect(**self.database) as connection:
            documents = connection.execute("SELECT count(*) FROM documents").fetchone()
            chunks = connection.execute("SELECT count(*) FROM chunks WHERE embedding IS NOT NULL").fetchone()
        cart: Any = self.redis.hgetall(f"{self.prefix}carro")
        return (documents or (0,))[0], (chunks or (0,))[0], self.redis.get(f"{self.prefix}sesión"), cart  # type: ignore[return-value] # untyped


WANTED = (25, 25, "1", {"pan": "2"})


@pytest.fixture(scope="module")
def tenant(demo: Clone) -> Iterator[Clone]:
    """A tenant with data in it; gone afterwards."""
    demo.smos("create", "tenant", rut(77888999), NAME, DOMAIN, "--json")
    with_redis(demo, SLUG, 5)
    Data(demo, SLUG).fill()
    yield demo
    listed = last_json(demo.smos("tenant", "list", "--json").stdout)["tenants"]
    if any(one["slug"] == SLUG for one in listed):
        demo.smos("tenant", "delete", SLUG, "--yes", "--confirm", SLUG)


def test_suspended_means_out_at_once_and_resumed_means_exactly_as_before(tenant: Clone) -> None:
    """Open sessions end, new ones are refused, at every door; afterwards the same passwords see the same data."""
    data = Data(tenant, SLUG)
    assert data.seen() == WANTED
    open_session = psycopg.connect(**data.database)
    said = last_json(tenant.smos("tenant", "suspend", SLUG, "--json").stdout)
    assert (said["ok"], said["violations"]) == (True, 0)
    with pytest.raises(psycopg.OperationalError):
        open_session.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        psycopg.connect(**data.database)
    with pytest.raises(redis.RedisError):
        data.redis.get(f"{data.prefix}sesión")
    with pytest.raises(redis.RedisError, match="invalid username-password pair"):
        Data(tenant, SLUG).redis.ping()
    record = next(one for one in made(tenant, SLUG).values() if one["type"].endswith(":DnsRecord"))
    assert record["inputs"]["content"].startswith("pausa.")
    assert last_json(tenant.smos("tenant", "suspend", SLUG, "--json").stdout)["changes"] == 0
    tenant.smos("tenant", "resume", SLUG, "--json")
    assert Data(tenant, SLUG).seen() == WANTED
    assert last_json(tenant.smos("tenant", "drift", SLUG, "--json").stdout)["ok"] is True


ENDLESS = "redis.call('set', KEYS[1], '1') while true do end"


def endless(data: Data) -> threading.Thread:
    """A script of the tenant's that never ends, and has written: it runs when this answers, for nobody else does."""

    def said() -> None:
        with contextlib.suppress(redis.RedisError):
            data.redis.eval(ENDLESS, 1, f"{data.prefix}x")

    thread = threading.Thread(target=said, daemon=True)
    thread.start()
    other = data.connected(socket_timeout=0.2)
    while thread.is_alive():
        try:
            other.ping()
        except (redis.TimeoutError, redis.ResponseError):
            return thread
        time.sleep(0.02)
    raise AssertionError("the script ended by itself")


def test_a_tenant_that_holds_its_redis_holds_nobody_elses_and_is_suspended_all_the_same(tenant: Clone) -> None:
    """The platform's Redis answers; the tenant is told as held, is closed, and its keys are as they were."""
    data = Data(tenant, SLUG)
    held = endless(data)
    assert last_json(tenant.smos("redis", "--json").stdout) == {"ok": True, "held": "", "done": ""}
    found = last_json(tenant.smos("redis", "--tenant", SLUG, "--json", ok=False).stdout)
    assert (found["ok"], found["done"]) == (False, "")
    assert last_json(tenant.smos("tenant", "suspend", SLUG, "--json").stdout)["ok"] is True
    held.join(5)
    assert not held.is_alive()
    tenant.smos("tenant", "resume", SLUG, "--json")
    assert Data(tenant, SLUG).seen() == WANTED
    held = endless(Data(tenant, SLUG))
    ended = last_json(tenant.smos("redis", "--tenant", SLUG, "--end", "--json").stdout)
    assert ended["ok"] is True
    assert "its server was ended" in ended["done"]
    assert Data(tenant, SLUG).seen() == WANTED


def test_what_somebody_did_to_the_role_or_the_database_is_found_and_mended(tenant: Clone) -> None:
    """Another password; powers that only the server's administrator can take; and a database that is gone, which a run
    does not pass over in silence.
    """
    platform = tenant.platform()
    password = tenant.shell("./smos keys show prod/databaseAdminPasswords/vps --reveal").stdout.strip()
    where = {"host": "127.0.0.1", "port": platform["databaseServers"]["vps"]["localPort"], "user": "postgres"}
    name, other = f"t_{SLUG}", "pan-de-otro"
    for done, seen in (
        (f"ALTER ROLE {name} PASSWORD 'of somebody'", ["database-sessions: password"]),
        (f"ALTER ROLE {name} SUPERUSER", ["database-owner: superuser"]),
    ):
        with psycopg.connect(**where, password=password, dbname="postgres", autocommit=True) as admin:
            admin.execute(done)
        assert last_json(tenant.smos("tenant", "drift", SLUG, "--json", ok=False).stdout)["changed"] == seen
        assert last_json(tenant.smos("tenant", "drift", SLUG, "--mend", "--json").stdout)["mended"] is True
        assert Data(tenant, SLUG).seen() == WANTED
    tenant.smos("create", "tenant", rut(77888998), other, f"{other}.smarterbot.cl", "--json")
    with psycopg.connect(**where, password=password, dbname="postgres", autocommit=True) as admin:
        admin.execute("DROP DATABASE t_pan_de_otro WITH (FORCE)")
    refused = tenant.smos("tenant", "apply", other, ok=False)
    assert "somebody dropped it" in refused.stdout + refused.stderr
    gone = last_json(tenant.smos("tenant", "drift", other, "--json", ok=False).stdout)["changed"]
    assert gone == ["database-database is gone", "database-closed is gone", "knowledge-schema is gone"]
    ended = tenant.smos("tenant", "delete", other, "--no-export", "--yes", "--confirm", other, "--json")
    assert (last_json(ended.stdout)["left"], last_json(ended.stdout)["archive"]) == (0, "")


def test_deleted_leaves_nothing_and_imported_is_the_same(tenant: Clone, tmp_path: Path) -> None:
    """Export, delete with proof, import: equal checksums, also under another name; twice is refused."""
    first = last_json(tenant.smos("tenant", "export", SLUG, "--to", str(tmp_path), "--json").stdout)
    assert first["content"]["rows"] == {"public.chunks": 25, "public.documents": 25}
    gone = last_json(tenant.smos("tenant", "delete", SLUG, "--yes", "--confirm", SLUG, "--json").stdout)
    assert (gone["ok"], gone["left"]) == (True, 0)
    assert SLUG not in {one["slug"] for one in last_json(tenant.smos("tenant", "list", "--json").stdout)["tenants"]}
    # An image stays on its host, for whoever else runs it.
    assert not [one for one in tenant.inventory() if SLUG in json.dumps(one) and ":RemoteImage" not in one["token"]]
    tenant.smos("tenant", "import", gone["archive"], "--json")
    assert Data(tenant, SLUG).seen() == WANTED
    again = last_json(tenant.smos("tenant", "export", SLUG, "--to", str(tmp_path), "--json").stdout)
    assert again["content"] == first["content"]
    refused = tenant.smos("tenant", "import", gone["archive"], ok=False)
    assert "is live: an import would overwrite it" in refused.stderr + refused.stdout
    broken = tmp_path / "broken.archive"
    broken.write_bytes(Path(gone["archive"]).read_bytes()[:-20])
    assert "was changed" in (said := tenant.smos("tenant", "import", str(broken), ok=False)).stderr + said.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("delete", "acme"), "nobody can be asked here"),
        (("delete", "acme", "--yes", "--confirm", "acme-2"), "the slug must be this one's"),
        (("delete", "acme", "--yes"), "belong together"),
        (("delete", "nobody", "--yes", "--confirm", "nobody"), "there is no such file"),
        (("import", "/dev/null"), "it is no archive"),
        (("suspend", "../acme"), "is no tenant's slug"),
    ],
)
def test_what_is_wrong_stops_before_anything(demo: Clone, words: tuple[str, ...], expected: str) -> None:
    """Exit code 1 or 2, and the tenant as it was."""
    done = demo.smos("tenant", *words, ok=False)
    assert expected in done.stdout + done.stderr
    assert last_json(demo.smos("tenant", "status", "acme", "--json").stdout)["status"] == "up"
