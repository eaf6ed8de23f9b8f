"""The provider with the real engine: as an attached server and as a plugin that the engine starts itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import engine
from apps.server import served
from tests.apps.servers import PASSWORD, Server, redis_server

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a-passw0rd-of-a-tenant-20"
PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from pulumi import ResourceOptions
from apps.sdk import AclUser, ServerAccess, apps_provider
access = ServerAccess(host="127.0.0.1", port={port}, user="provisioner", password={password!r})
provider = apps_provider("apps", redis=access)
AclUser("user", user={user!r}, password={secret!r}, prefix={user!r} + ":", enabled={enabled},
        opts=ResourceOptions(provider=provider))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


class Project:
    """A project folder with one stack on a state of its own."""

    def __init__(self, folder: Path, server: Server, attached: int | None) -> None:
        self.folder, self._server = folder, server
        about: dict[str, Any] = {"name": "of-a-test", "runtime": {"name": "python"}}
        if attached is None:
            about["plugins"] = {"providers": [{"name": "smarteros-apps", "path": str(ROOT / "apps")}]}
        about["runtime"]["options"] = {"virtualenv": str(Path(sys.executable).parent.parent)}
        (folder / "Pulumi.yaml").write_text(json.dumps(about))
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
        self._environ = engine.find().environ(kept) | {
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "of-a-test",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            **({"PULUMI_DEBUG_PROVIDERS": f"smarteros-apps:{attached}"} if attached else {}),
        }
        self.run("stack", "init", "one")

    def run(self, *words: str, fails: bool = False) -> str:
        """What the engine says."""
        done = subprocess.run(
            [str(engine.find().path), *words, "--non-interactive"],
            cwd=self.folder, env=self._environ, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def wants(self, *, user: str = "t_acme", enabled: bool = True, secret: str = SECRET) -> None:
        """The program."""
        facts = {"port": self._server.port, "password": PASSWORD, "user": user, "secret": secret, "enabled": enabled}
        (self.folder / "__main__.py").write_text(PROGRAM.format(root=str(ROOT), **facts))


@pytest.fixture(params=["attached", "plugin"])
def project(request: pytest.FixtureRequest, tmp_path: Path, server: Server) -> Iterator[Project]:
    if request.param == "plugin":
        yield Project(tmp_path, server, None)
        return
    with served() as port:
        yield Project(tmp_path, server, port)


@pytest.mark.slow
def test_a_user_is_made_unchanged_changed_drifted_and_removed(project: Project, server: Server) -> None:
    """The whole life of a resource by the real engine; its password is in no state and no output."""
    project.wants()
    said = project.run("up", "--yes", "--skip-preview")
    assert server.client("t_acme", SECRET).ping()
    said += project.run("preview", "--expect-no-changes", "--diff")
    project.wants(enabled=False)
    said += project.run("up", "--yes", "--diff")
    assert "off" in server.client().acl_getuser("t_acme")["flags"]
    server.client().acl_setuser("t_acme", enabled=True)
    said += project.run("refresh", "--yes", "--skip-preview")
    said += project.run("up", "--yes", "--diff")
    assert "off" in server.client().acl_getuser("t_acme")["flags"]
    project.wants(user="t_other")
    said += project.run("up", "--yes", "--diff")
    assert "t_acme" not in server.client().acl_users()
    state = (project.folder / ".pulumi" / "stacks" / "of-a-test" / "one.json").read_text()
    said += project.run("destroy", "--yes", "--skip-preview")
    assert "t_other" not in server.client().acl_users()
    for secret in (SECRET, PASSWORD):
        assert secret not in said
        assert secret not in state


@pytest.mark.slow
def test_bad_inputs_stop_before_anything_is_made(tmp_path: Path, server: Server) -> None:
    """Names that could mean more than a name, and a password that is short: path, why, mend; the value is not shown."""
    with served() as port:
        project = Project(tmp_path, server, port)
        for user in ("t_acme ~*", "t_acme\n", "T", "default", "provisioner", "*"):
            project.wants(user=user, secret="short")
            said = project.run("up", "--yes", "--skip-preview", fails=True)
            assert "password: " in said
            assert "short" not in said.replace("too_short", "").replace("should have at least", "")
            assert "name: " in said
        assert sorted(server.client().acl_users()) == ["default", "provisioner"]
