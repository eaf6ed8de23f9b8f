"""n8n itself, started with exactly what is declared for a queue on a host, on a real PostgreSQL and a real Redis.

Skipped where it is not installed: SMOS_N8N names a Node (24 or later) and n8n's own program, a space between, as in
`SMOS_N8N="/opt/node/bin/node /opt/n8n/node_modules/n8n/bin/n8n"`. n8n is not open source: no test installs it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.postgresql.server.clusters import ADDRESS, Cluster
from sandbox.redis.server.process import RedisProcess
from settings.services.n8n import N8n
from settings.services.owner import Answer, Owner
from tests.components import redis_real
from tests.components.declared import prod_config, secrets_of
from tests.components.owned_database import PASSWORD, owned_database
from tests.components.redis_real import AUDITOR, PASSWORDS, refused
from tests.components.test_n8n import processes
from tests.provider.servers import free_port

START_S = 240
DEPRECATED = re.compile(r"^ - ([A-Z0-9_]+) -> ", re.MULTILINE)
"""As it lists them (packages/cli/src/deprecation/deprecation.service.ts, warn)."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Cluster]:
    """A server with a database for it, whose owner it is and no more."""
    with owned_database(tmp_path / "postgres", "n8n") as made:
        yield made


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[RedisProcess]:
    """The Redis that prod declares, and a user who reads what was refused."""
    made = redis_real.start(tmp_path / "redis", more_users=AUDITOR)
    yield made
    made.close()


def environment(folder: Path, database: Cluster, queue: RedisProcess, port: int) -> dict[str, str]:
    """What is declared, with the places of this machine."""
    declared = {name: str(value) for name, value in processes("docker")["n8n"].items()}
    here = {
        "DB_POSTGRESDB_HOST": ADDRESS,
        "DB_POSTGRESDB_PORT": str(database.port),
        "DB_POSTGRESDB_DATABASE": "n8n",
        "DB_POSTGRESDB_USER": "n8n",
        "DB_POSTGRESDB_PASSWORD": PASSWORD,
        "QUEUE_BULL_REDIS_HOST": ADDRESS,
        "QUEUE_BULL_REDIS_PORT": str(queue.port),
        "QUEUE_BULL_REDIS_USERNAME": "n8n",
        "QUEUE_BULL_REDIS_PASSWORD": PASSWORDS["n8n"],
        "N8N_PORT": str(port),
        "N8N_RUNNERS_BROKER_PORT": str(free_port()),
        "N8N_USER_FOLDER": str(folder),
        "HOME": str(folder),
        "PATH": "/usr/bin:/bin",
    }
    files = {name for name in declared if name.endswith("_FILE")}
    return {name: value for name, value in {**declared, **here}.items() if name not in files}


def answered(url: str, body: dict[str, str] | None = None) -> Answer:
    """What it answers to GET, or to POST of JSON; status 0 when it answers nothing."""
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - this machine's own
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - likewise
            return Answer(int(answer.status), body=answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code)
    except OSError:
        return Answer(0)


def status(url: str) -> int:
    """Of an answer; 0 when there is none."""
    return answered(url).status


def test_it_says_nothing_of_its_environment_and_is_refused_nothing(
    tmp_path: Path, database: Cluster, queue: RedisProcess
) -> None:
    """No deprecation in its log; it is alive before it is ready, as the probes have it; its measures are nobody's;
    it is never anybody's to claim, and its owner logs in with the keyring's password; and Redis refused nothing.
    """
    program = os.environ.get("SMOS_N8N", "").split()
    if not program:
        pytest.skip("SMOS_N8N names no Node and no n8n: n8n itself was not started")
    port, log = free_port(), tmp_path / "n8n.log"
    with log.open("wb") as said:
        n8n = subprocess.Popen(
            [*program, "start"],
            env=environment(tmp_path, database, queue, port),
            cwd=tmp_path,
            stdout=said,
            stderr=said,
        )
    try:
        seen: list[tuple[int, ...]] = []
        owner, claims = N8n.owner, set()
        assert isinstance(owner, Owner)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and n8n.poll() is None and (not seen or seen[-1][1] != 200):
            seen.append(tuple(status(f"http://{ADDRESS}:{port}/healthz{path}") for path in ("", "/readiness")))
            claims.add(owner.question.means(answered(f"http://{ADDRESS}:{port}{owner.question.path}")))
            time.sleep(0.2)
        text = log.read_text(encoding="utf-8", errors="replace")
        assert seen[-1] == (200, 200), text[-3000:]
        assert (200, 503) in seen, "alive, and migrating"
        assert status(f"http://{ADDRESS}:{port}/metrics") == 404
        claims.add(owner.question.means(answered(f"http://{ADDRESS}:{port}{owner.question.path}")))
        assert claims == {"unknown", "owned"}, "no moment in which it could be claimed"
        _only_its_owner_is_in(f"http://{ADDRESS}:{port}/rest")
    finally:
        n8n.terminate()
        n8n.wait(60)
    assert "related to your n8n setup" not in text
    assert DEPRECATED.findall(text) == []
    assert [one for one in refused(queue) if not one.startswith("auditor")] == []


def _only_its_owner_is_in(rest: str) -> None:
    """The keyring's password opens it, and a stranger's registration is refused."""
    email = prod_config()["operators"]["email"]
    password = secrets_of("prod", prod_config())["shared/n8nOwnerPassword"]
    stranger = {"email": "stranger@example.org", "firstName": "A", "lastName": "B", "password": "Stranger123Stranger"}
    assert answered(f"{rest}/owner/setup", stranger).status == 400
    assert answered(f"{rest}/login", {"emailOrLdapLoginId": email, "password": password}).status == 200
    assert answered(f"{rest}/login", {"emailOrLdapLoginId": email, "password": f"{password}x"}).status == 401
