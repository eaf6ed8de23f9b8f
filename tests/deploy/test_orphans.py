"""What a killed run left: a provider is ended as soon as it does nothing, and never in the middle of something."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

import engine
from deploy import idle, orphans
from deploy.target import RunTarget, Target

ROOT = Path(__file__).resolve().parents[2]
SOON_S = 30.0  # half of what a provider may take; on a quiet machine it is 3 s
WORK_S = 5.0

WORKS = """
import pathlib, socket, subprocess, sys, time
kind, port, seconds, done = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), pathlib.Path(sys.argv[4])
print("begun", flush=True)
end = time.monotonic() + seconds
if kind == "connection":
    with socket.create_connection(("127.0.0.1", port)):
        time.sleep(seconds)
elif kind == "unix socket":
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(str(done.with_name("daemon.sock")))
        time.sleep(seconds)
elif kind == "child":
    subprocess.run(["sleep", str(seconds)])
elif kind == "processor":
    while time.monotonic() < end:
        pass
elif kind == "listens":
    waits = socket.create_server(("127.0.0.1", 0))
done.touch()
time.sleep(600)
"""


def run_target(folder: Path) -> RunTarget:
    """A state of this test's own."""
    environ = {"PULUMI_BACKEND_URL": f"file://{folder}"}
    return RunTarget(
        target=Target.SANDBOX,
        pulumi=Path("pulumi"),
        project=folder,
        hosts_project=folder,
        scratch=folder,
        environ=environ,
    )


def of_a_dead_command(folder: Path) -> dict[str, str]:
    """The environment of what a command started that is gone."""
    return {**os.environ, orphans.MARK: "4194304@1.00", "PULUMI_BACKEND_URL": f"file://{folder}"}


@contextmanager
def plugin(folder: Path, kind: str, seconds: float) -> Iterator[tuple[psutil.Process, Path]]:
    """A process that is named like an official plugin and does one thing; the file that it leaves when it is done."""
    named, done = folder / "pulumi-resource-fake", folder / "done"
    named.symlink_to(Path(sys.executable).resolve())
    with socket.create_server(("127.0.0.1", 0)) as vendor, socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(folder / "daemon.sock"))
        daemon.listen()
        words = [str(named), "-S", "-c", WORKS, kind, str(vendor.getsockname()[1]), str(seconds), str(done)]
        with subprocess.Popen(words, env=of_a_dead_command(folder), stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == b"begun\n"
                yield psutil.Process(process.pid), done
            finally:
                process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["connection", "unix socket", "child", "processor"])
def test_a_plugin_finishes_what_it_does_and_is_then_ended(tmp_path: Path, kind: str) -> None:
    """It asks a vendor, by the network or a socket; a program of its own runs; it works."""
    with plugin(tmp_path, kind, WORK_S) as (process, done):
        said: list[str] = []
        begun = time.monotonic()
        orphans.end_orphans(run_target(tmp_path), said.append)
        took = time.monotonic() - begun
        assert done.exists(), "it was cut off"
        assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert took < SOON_S
    assert len(said) == 1, said


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nothing", "listens"])
def test_a_plugin_that_does_nothing_is_ended_at_once(tmp_path: Path, kind: str) -> None:
    """That it can be asked is no reason to wait for it: 64 s it took, for nothing."""
    with plugin(tmp_path, kind, 0.0) as (process, _):
        begun = time.monotonic()
        orphans.end_orphans(run_target(tmp_path), lambda _: None)
        assert idle.QUIET_S <= time.monotonic() - begun < SOON_S / 2
        assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_who_does_not_finish_is_ended_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience has an end, and what may be unrecorded is said."""
    monkeypatch.setattr(orphans, "FINISH_S", 0.5)
    with plugin(tmp_path, "connection", 600.0) as (process, done):
        said: list[str] = []
        orphans.end_orphans(run_target(tmp_path), said.append)
        assert not done.exists()
        assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert "still worked after" in said[-1]


PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from pulumi import ResourceOptions
from provider.sdk import ServerAccess, Sessions, apps_provider
access = ServerAccess(host="127.0.0.1", port={port}, user="provisioner", password="a-password-of-twenty-letters")
provider = apps_provider("apps", postgres=access)
Sessions("ended", role="t_acme", allowed=False, opts=ResourceOptions(provider=provider))
"""


def project(folder: Path, port: int) -> dict[str, str]:
    """A project with our own provider as a plugin, and the environment to run it with."""
    about: dict[str, Any] = {"name": "killed", "runtime": {"name": "python"}}
    about["runtime"]["options"] = {"virtualenv": str(Path(sys.executable).parent.parent)}
    about["plugins"] = {"providers": [{"name": "smarteros-apps", "path": str(ROOT / "provider")}]}
    (folder / "Pulumi.yaml").write_text(json.dumps(about))
    (folder / "__main__.py").write_text(PROGRAM.format(root=str(ROOT), port=port))
    kept = {key: value for key, value in of_a_dead_command(folder).items() if not key.startswith("PULUMI_")}
    return engine.find().environ(kept) | {
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "of-a-test",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


@pytest.mark.slow
def test_our_own_provider_finishes_its_request_when_the_engine_is_killed(tmp_path: Path) -> None:
    """The engine is gone with kill -9, the language host follows; the server is still being asked, and is not hung up
    on. When it has answered, nothing is left, long before any patience ends.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(120)
        environ = project(tmp_path, server.getsockname()[1])
        pulumi = str(engine.find().path)
        subprocess.run([pulumi, "stack", "init", "one"], cwd=tmp_path, env=environ, check=True, capture_output=True)
        up = [pulumi, "up", "--yes", "--skip-preview", "--stack", "one"]
        with subprocess.Popen(up, cwd=tmp_path, env=environ, stdout=subprocess.DEVNULL) as running:
            asked, _ = server.accept()
            running.send_signal(signal.SIGKILL)
        with asked:
            asked.settimeout(WORK_S)
            assert asked.recv(4096), "what PostgreSQL's client asks first"
            with pytest.raises(TimeoutError):
                assert asked.recv(4096) is None, "it hung up while it waited for an answer"
        begun = time.monotonic()
        orphans.end_orphans(run_target(tmp_path), lambda _: None)
        assert time.monotonic() - begun < SOON_S
    assert not [one for one in psutil.process_iter() if _of(one, tmp_path)]


def _of(process: psutil.Process, folder: Path) -> bool:
    with suppress(psutil.Error):
        return process.environ().get("PULUMI_BACKEND_URL") == f"file://{folder}"
    return False
