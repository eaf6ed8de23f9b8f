"""The script that sets Metabase up, run by bash beside a Metabase of a few lines."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from components.services.metabase import setup_script

FAKE = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
state, port = Path(sys.argv[1]), int(sys.argv[2])
TOKEN = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
class Metabase(BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        user = (state / "user.json").exists()
        if self.path == "/api/health":
            Metabase.asked += 1
            return self.answer(503 if Metabase.asked < 3 else 200, {"status": "ok"})
        self.answer(200, {"engines": {}, "has-user-setup": user, "setup-token": None if user else TOKEN})
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with (state / "posts").open("a") as posts: posts.write("x")
        if (state / "user.json").exists() or body["token"] != TOKEN: return self.answer(403, {})
        (state / "user.json").write_text(json.dumps(body["user"]))
        self.answer(200, {"id": "session"})
    def answer(self, status, body):
        self.send_response(status); self.end_headers()
        self.wfile.write(json.dumps(body, separators=(",", ":")).encode())
    def log_message(self, *_): pass
HTTPServer(("127.0.0.1", port), Metabase).serve_forever()
"""


class Stage:
    """The script beside a Metabase of a few lines, at a port of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self.program = folder, port, folder / "run_metabase.sh"
        (folder / "fake.py").write_text(FAKE)
        self.is_started_by(f"[ $MB_JETTY_HOST = 127.0.0.1 ] && exec {sys.executable} {folder}/fake.py {folder} {port}")
        request = {"token": "SETUP_TOKEN", "user": {"email": "dev@example.com", "password": "Pa55"}, "prefs": {}}
        (folder / "request.json").write_text(json.dumps(request))

    def is_started_by(self, command: str) -> None:
        """What stands for Metabase's own start."""
        self.program.write_text(f"#!/bin/sh\n{command}\n")
        self.program.chmod(0o700)

    def run(self, tries: int = 200) -> subprocess.CompletedProcess[str]:
        """The script as the container runs it."""
        script = setup_script().replace("/app/run_metabase.sh", str(self.program)).replace(":3000", f":{self.port}")
        given = {"SMOS_SETUP_REQUEST": f"{self.folder}/request.json", "SMOS_SETUP_PAUSE_S": "0.1"}
        return subprocess.run(
            ["/bin/bash", "-c", script],
            env={"PATH": "/usr/bin:/bin", "SMOS_SETUP_TRIES": str(tries), **given},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A fresh one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Stage(tmp_path, port)


def test_the_script_makes_the_administrator_once(stage: Stage) -> None:
    """With the token that Metabase made; a second time it asks and changes nothing."""
    first = stage.run()
    assert first.returncode == 0, first.stderr
    assert json.loads((stage.folder / "user.json").read_text()) == {"email": "dev@example.com", "password": "Pa55"}
    second = stage.run()
    assert second.returncode == 0, second.stderr
    assert "already" in second.stdout
    assert (stage.folder / "posts").read_text() == "x"


def test_the_script_says_nothing_of_the_password(stage: Stage) -> None:
    """What it prints is in the container's log."""
    done = stage.run()
    assert "Pa55" not in done.stdout + done.stderr


def test_the_script_leaves_no_metabase_behind(stage: Stage) -> None:
    """The port is free when it has ended."""
    stage.run()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", stage.port)) != 0


@pytest.mark.parametrize(
    ("start", "tries", "says"), [("exit 3", 200, "ended before"), ("exec sleep 60", 2, "did not answer in time")]
)
def test_the_script_fails_when_metabase_does(stage: Stage, start: str, tries: int, says: str) -> None:
    """So the real container is not started."""
    stage.is_started_by(start)
    done = stage.run(tries)
    assert done.returncode == 1
    assert says in done.stderr
