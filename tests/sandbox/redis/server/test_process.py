"""The simulated containers that run Redis are real ones: started as they were told, and gone with them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.docker.containers import CONTAINER, VOLUME
from sandbox.redis.server.containers import RedisContainers
from sandbox.redis.server.process import ADDRESS, RedisProcess, RedisRefused, Startup

ROOT = Path(__file__).resolve().parents[4]
HOST = "203.0.113.10"
SCOPE = f"{HOST}:22"
INSIDE = "172.30.1.101"
CONFIG = "dir /data\nappendonly yes\nrequirepass hunter2hunter2\n"


def connect(port: int, *, anonymous: bool = False) -> redis.Redis:
    """A connection of the default user."""
    return redis.Redis(host=ADDRESS, port=port, password=None if anonymous else "hunter2hunter2", decode_responses=True)


def startup_in(folder: Path, config: str = CONFIG) -> Startup:
    """A small Redis with its data and its configuration in volumes."""
    return Startup(
        command=["redis-server", "/run/secrets/redis.conf"],
        health=["CMD-SHELL", "redis-cli -a hunter2hunter2 ping | grep -q PONG"],
        mounts={"/data": folder / "data", "/run/secrets": folder / "secrets"},
        files={"/run/secrets/redis.conf": config},
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisProcess]:
    """One that runs, in a folder whose name has a space."""
    found = RedisProcess(tmp_path / "with a space", startup_in(tmp_path / "with a space"))
    yield found
    found.close()


def test_it_is_small_and_answers_on_this_machine_only(server: RedisProcess) -> None:
    """On 127.0.0.1 and nowhere else, in a few megabytes, with the configuration that it was given."""
    listening = [one.laddr for one in server.server.net_connections() if one.status == psutil.CONN_LISTEN]
    assert [tuple(address) for address in listening] == [(ADDRESS, server.port)]
    assert server.server.memory_info().rss < 16 * 1024 * 1024
    with pytest.raises(redis.AuthenticationError):
        connect(server.port, anonymous=True).ping()
    assert connect(server.port).config_get("appendonly") == {"appendonly": "yes"}


def test_what_was_written_outlives_a_stop_and_a_kill(tmp_path: Path) -> None:
    """The append-only file has it, also after kill -9."""
    first = RedisProcess(tmp_path, startup_in(tmp_path))
    connect(first.port).set("kept", "1")
    first.close()
    second = RedisProcess(tmp_path, startup_in(tmp_path))
    connect(second.port).set("also", "2")
    time.sleep(1.2)  # appendfsync is everysec
    second.server.kill()
    second.close()
    third = RedisProcess(tmp_path, startup_in(tmp_path))
    assert connect(third.port).mget("kept", "also") == ["1", "2"]
    third.close()


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("appendonly maybe\n", "argument must be 'yes' or 'no'"),
        ("no-such-directive 1\n", "Bad directive or wrong number of arguments"),
        ("aclfile /data/none.acl\n", "Aborting Redis startup"),
        ("requirepass another\n", "its health check says no.*Ready to accept"),
    ],
)
def test_what_redis_refuses_makes_the_container_unhealthy(
    tmp_path: Path, config: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real provider's words and Redis's own, and nothing is left running."""
    monkeypatch.setattr(RedisProcess, "start_timeout_s", 1.0)
    with pytest.raises(RedisRefused, match=f"(?s)failed to be in healthy state.*({says})"):
        RedisProcess(tmp_path, startup_in(tmp_path, config))
    pid = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """However that ends: by kill -9 too."""
    script = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        sys.path.insert(0, {str(ROOT)!r})
        from tests.sandbox.redis.server.test_process import startup_in
        from sandbox.redis.server.process import RedisProcess
        found = RedisProcess(Path({str(tmp_path)!r}), startup_in(Path({str(tmp_path)!r})))
        print(found.server.pid, flush=True)
        time.sleep(60)
    """)
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the server outlived its sandbox"
        time.sleep(0.05)
    left = Path(json.loads((tmp_path / "process.json").read_text())[2])
    assert left.is_dir()
    RedisProcess(tmp_path, startup_in(tmp_path)).close()
    assert not left.exists()


def test_one_that_outlived_its_sandbox_is_ended_by_the_next(tmp_path: Path) -> None:
    """Two may never write the same file: the old one is proved by its start time, and stopped."""
    old = RedisProcess(tmp_path, startup_in(tmp_path))
    connect(old.port).set("kept", "1")
    server = old.server
    new = RedisProcess(tmp_path, startup_in(tmp_path))
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
    assert connect(new.port).get("kept") == "1"
    new.close()
    old.close()


# -- which record has which --------------------------------------------------------------------------------------------


class Docker:
    """A host's containers, as the provider tells of them."""

    def __init__(self, folder: Path) -> None:
        self.cloud = Inventory(folder / "cloud")
        self.folder = folder / "redis"
        self.redises = RedisContainers(self.folder, self.cloud)

    def put(self, token: str, name: str, **inputs: Any) -> Record:
        """Creates or replaces one."""
        record = Record(id=name, token=token, inputs={"name": name, **inputs}, outputs={}, scope=SCOPE)
        self.redises.happened("created", record, None)
        self.cloud.put(record)
        return record

    def delete(self, record: Record) -> None:
        """Deletes one."""
        self.redises.happened("deleted", record, record)
        self.cloud.remove(record)

    def loader(self, config: str = CONFIG) -> Record:
        """What puts the configuration into the volume of secrets."""
        return self.put(
            CONTAINER,
            "redis-secrets-loader",
            image="redis:7.2.16",
            start=False,
            volumes=[{"volumeName": "redis-secrets", "containerPath": "/run/secrets"}],
            uploads=[{"file": "/run/secrets/redis.conf", "content": config}],
        )

    def redis(self, **more: Any) -> Record:
        """The container itself."""
        startup = startup_in(self.folder)
        asked: Mapping[str, Any] = {
            "image": "redis:7.2.16",
            "command": list(startup.command),
            "healthcheck": {"tests": list(startup.health)},
            "networksAdvanced": [{"name": "data", "ipv4Address": INSIDE}],
            "volumes": [
                {"volumeName": "redis-data", "containerPath": "/data"},
                {"volumeName": "redis-secrets", "containerPath": "/run/secrets"},
            ],
        }
        return self.put(CONTAINER, "redis", **{**asked, **more})

    def port(self) -> int:
        """Where a forward through the host ends."""
        found = self.redises.route(HOST, INSIDE, 6379)
        assert found is not None
        return found[1]


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[Docker]:
    """A host without anything on it."""
    found = Docker(tmp_path)
    yield found
    found.redises.close()
    found.cloud.close()


def test_only_its_own_host_leads_to_it(docker: Docker) -> None:
    """By its fixed address in the host's network, at its port; a container that never starts is none."""
    docker.loader()
    assert docker.redises.status() == []
    docker.redis()
    assert connect(docker.port()).ping() is True
    for address, target, port in (("198.51.100.7", INSIDE, 6379), (HOST, "172.30.1.9", 6379), (HOST, INSIDE, 6380)):
        assert docker.redises.route(address, target, port) is None


def test_data_outlives_a_replacement_and_goes_with_the_volume(docker: Docker) -> None:
    """The container is replaced, the volume stays; when the volume goes, so does what was in it."""
    volume = docker.put(VOLUME, "redis-data")
    docker.loader()
    container = docker.redis()
    connect(docker.port()).set("kept", "1")
    docker.delete(container)
    assert docker.redises.route(HOST, INSIDE, 6379) is None
    container = docker.redis()
    assert connect(docker.port()).get("kept") == "1"
    docker.delete(container)
    docker.delete(volume)
    assert not list(docker.folder.glob("redis-data-*"))
    docker.redis()
    assert connect(docker.port()).get("kept") is None


def test_a_restart_of_the_sandbox_brings_it_back(docker: Docker, tmp_path: Path) -> None:
    """As soon as somebody asks for it; and so does a server that was killed, as the restart policy says."""
    docker.loader()
    docker.redis()
    connect(docker.port()).set("kept", "1")
    docker.redises.close()
    again = RedisContainers(docker.folder, docker.cloud)
    found = again.route(HOST, INSIDE, 6379)
    assert found is not None
    assert connect(found[1]).get("kept") == "1"
    (running,) = again._servers.values()
    time.sleep(1.2)
    running.server.kill()
    running._process.wait(10)
    found = again.route(HOST, INSIDE, 6379)
    assert found is not None
    assert connect(found[1]).get("kept") == "1"
    again.close()


def test_another_secret_file_is_read_by_the_next_start(docker: Docker) -> None:
    """The loader is replaced, and the container with it."""
    loader = docker.loader()
    container = docker.redis()
    docker.delete(container)
    docker.delete(loader)
    docker.loader(CONFIG + "maxmemory 7mb\n")
    docker.redis()
    assert connect(docker.port()).config_get("maxmemory") == {"maxmemory": str(7 * 1024 * 1024)}


def test_a_container_that_redis_refuses_is_not_created(docker: Docker) -> None:
    """The creation fails, and nothing answers."""
    docker.loader("appendonly maybe\n")
    with pytest.raises(RedisRefused):
        docker.redis()
    assert docker.redises.status() == []


@pytest.mark.parametrize(
    ("command", "entrypoints"),
    [([], []), (["--save", ""], []), (["redis-server", "--save", ""], []), (["--save", ""], ["redis-server"])],
)
def test_the_images_own_start_is_followed(docker: Docker, command: list[str], entrypoints: list[str]) -> None:
    """Options alone are redis-server's, and nothing is redis-server without any."""
    docker.redis(
        command=command, entrypoints=entrypoints, volumes=[], healthcheck={"tests": ["CMD", "redis-cli", "ping"]}
    )
    assert connect(docker.port(), anonymous=True).ping() is True
