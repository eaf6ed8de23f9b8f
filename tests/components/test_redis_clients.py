"""The vendors' own client libraries against the Redis that prod declares, each as its user: nothing is refused.

A client that is not installed is skipped by name: Debian's ruby-sidekiq, ruby-sidekiq-cron and ruby-redis-namespace for
Chatwoot; npm's bull and ioredis for n8n, below a node_modules that NODE_PATH names; ContextForge's `mcpgateway` on PATH
or named by SMOS_CONTEXTFORGE. What they send is in redis_calls.py too, which is asked without them.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.services.redis_users import users_file
from sandbox.postgresql.server.clusters import Cluster
from sandbox.redis.server.process import ADDRESS, RedisProcess
from settings.systems.smarteros import SmarterOSServices
from tests.components import redis_real
from tests.components.owned_database import PASSWORD, owned_database
from tests.components.redis_real import AUDITOR, PASSWORDS, refused

CLIENTS = Path(__file__).parent / "redis_clients"
TIMEOUT_S = 120


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisProcess]:
    """As prod declares it, and a user who may read what was refused."""
    found = redis_real.start(tmp_path / "redis", more_users=AUDITOR)
    yield found
    found.close()


@pytest.fixture
def gateways(tmp_path: Path) -> Iterator[Cluster]:
    """A server with the gateway's database, whose owner it is and no more."""
    with owned_database(tmp_path / "postgres", "mcp") as made:
        yield made


def installed(command: list[str], what: str) -> None:
    """Skips, saying what is missing."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed: {what} was not asked")
    if subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT_S).returncode:
        pytest.skip(f"{' '.join(command[:2])}: its libraries are not installed: {what} was not asked")


def run(command: list[str], environment: dict[str, str]) -> None:
    """Runs it to its end."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "NODE_PATH") if key in os.environ}
    done = subprocess.run(
        command, env={**kept, **environment}, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert "done" in done.stdout


def test_what_was_refused_is_seen(server: RedisProcess) -> None:
    """The log that the others rely on tells of a refusal, by whom and of what."""
    with pytest.raises(Exception, match=r"(?i)permission"):
        redis_real.client(server, "n8n").get("alfred:x")
    assert "n8n: key alfred:x" in refused(server)


def test_chatwoots_and_sidekiqs_clients_are_refused_nothing(server: RedisProcess) -> None:
    """Chatwoot's caches, Sidekiq's client, its process that works, its cron and its pages."""
    installed(["ruby", "-e", 'require "sidekiq/cron/job"; require "redis-namespace"'], "Sidekiq's client")
    url = f"redis://chatwoot:{PASSWORDS['chatwoot']}@{ADDRESS}:{server.port}"
    # A process of Sidekiq is named after its host, which in a container is the beginning of the container's id.
    run(["ruby", str(CLIENTS / "chatwoot.rb")], {"REDIS_URL": url, "DYNO": "0123456789ab"})
    assert refused(server) == []


def test_n8ns_client_is_refused_nothing(server: RedisProcess) -> None:
    """Bull as main process and as worker; commands, cache and leader beside it."""
    installed(["node", "-e", 'require("bull"); require("ioredis")'], "n8n's queue")
    access = {"REDIS_HOST": ADDRESS, "REDIS_PORT": str(server.port), "REDIS_USER": "n8n"}
    run(["node", str(CLIENTS / "n8n.js")], {**access, "REDIS_PASSWORD": PASSWORDS["n8n"]})
    assert refused(server) == []


def test_contextforge_itself_is_refused_nothing(server: RedisProcess, gateways: Cluster, tmp_path: Path) -> None:
    """As its database's owner and its user of Redis: it starts, answers that it is ready, turns away who has no token,
    and forgets its caches by scanning.
    """
    program = os.environ.get("SMOS_CONTEXTFORGE") or shutil.which("mcpgateway")
    if program is None:
        pytest.skip("mcpgateway (PyPI mcp-contextforge-gateway[redis]) is not installed: ContextForge was not asked")
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        port = int(probe.getsockname()[1])
    with (tmp_path / "log").open("wb") as log:
        gateway = subprocess.Popen(
            [program, "--host", ADDRESS, "--port", str(port)],
            env={**_gateway(gateways, server), "PATH": f"{Path(program).parent}:/usr/bin:/bin", "HOME": str(tmp_path)},
            cwd=tmp_path,
            stdout=log,
            stderr=log,
        )
    try:
        _ready(gateway, f"http://{ADDRESS}:{port}/ready", tmp_path / "log")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://{ADDRESS}:{port}/tools", timeout=10)
        _asked(port)
    finally:
        gateway.terminate()
        gateway.wait(60)
    # redis-py 7 and later tries CLIENT MAINT_NOTIFICATIONS and goes on without; Redis 7.2 does not know it and notes
    # nothing, 6.2 can't tell it from other subcommands.
    assert [one for one in refused(server) if one != "mcp: command client"] == []


def _asked(port: int) -> None:
    """As an administrator: what reads Redis' facts, what is cached and what is forgotten."""
    login = json.dumps({"email": "admin@example.com", "password": "Aa1-of-a-test-alone"}).encode()
    headers = {"Content-Type": "application/json"}

    def ask(path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"http://{ADDRESS}:{port}{path}", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - this machine's own address
            return json.load(answer)

    headers["Authorization"] = f"Bearer {ask('/auth/email/login', login)['access_token']}"
    for path in ("/version", "/tools", "/gateways", "/servers", "/teams/"):
        ask(path)
    team = {"name": "acme", "description": "a tenant's", "visibility": "private"}
    ask("/teams/", json.dumps(team).encode())
    ask("/teams/")


def _gateway(database: Cluster, server: RedisProcess) -> dict[str, str]:
    key = "0123456789abcdef" * 4
    return {
        "DATABASE_URL": f"postgresql+psycopg://mcp:{PASSWORD}@{ADDRESS}:{database.port}/mcp",
        "CACHE_TYPE": "redis",
        "REDIS_URL": f"redis://mcp:{PASSWORDS['mcp']}@{ADDRESS}:{server.port}",
        "JWT_SECRET_KEY": key,
        "AUTH_ENCRYPTION_SECRET": key[::-1],
        "PLATFORM_ADMIN_EMAIL": "admin@example.com",
        "PLATFORM_ADMIN_PASSWORD": "Aa1-of-a-test-alone",
        "AUTH_REQUIRED": "true",
        "ADMIN_REQUIRE_PASSWORD_CHANGE_ON_BOOTSTRAP": "false",
        "MCPGATEWAY_UI_ENABLED": "false",
        "MCPGATEWAY_ADMIN_API_ENABLED": "true",
    }


def _ready(gateway: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline and gateway.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - this machine's own address
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(log.read_text(encoding="utf-8", errors="replace")[-3000:])


def test_the_file_of_users_has_nothing_of_the_auditor() -> None:
    """Who reads the log in tests is no user of the platform."""
    assert "auditor" not in users_file(PASSWORDS, SmarterOSServices.redis_access())
