"""The provider with the real engine: as an attached server and as a plugin that the engine starts itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

import engine
from provider.server import served
from sandbox.postgresql.server.clusters import Cluster
from tests.provider.servers import PASSWORD, admin, postgres_server

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a-passw0rd-of-a-tenant-20"
ROLES = ("t_acme", "t_other")
PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from pulumi import ResourceOptions
from provider.sdk import ServerAccess, Sessions, apps_provider
access = ServerAccess(host="127.0.0.1", port={port}, user="login", password={password!r})
provider = apps_provider("apps", postgres=access)
Sessions("sessions", role={role!r}, allowed={allowed}, password={secret!r}, limits={limits!r},
         opts=ResourceOptions(provider=provider))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """With two tenants' roles, as the provisioner makes them."""
    with postgres_server(tmp_path_factory.mktemp("clusters") / "one") as running:
        with psycopg.connect(**admin(running, user="login"), autocommit=True) as connection:
            for role in ROLES:
                connection.execute(f"CREATE ROLE {role} LOGIN")
                connection.execute(f"GRANT {role} TO provisioner")
        yield running


class Project:
    """A project folder with one stack on a state of its own."""

    def __init__(self, folder: Path, server: Cluster, attached: int | None) -> None:
        self.folder, self._server = folder, server
        about: dict[str, Any] = {"name": "of-a-test", "runtime": {"name": "python"}}
        if attached is None:
            about["plugins"] = {"providers": [{"name": "smarteros-apps", "path": str(ROOT / "provider")}]}
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

    def wants(self, *, role: str = "t_acme", allowed: bool = True, secret: str = SECRET, limits: str = "few") -> None:
        """The program."""
        given = {"role": role, "allowed": allowed, "secret": secret, "limits": limits}
        facts = {"port": self._server.port, "password": PASSWORD, **given}
        (self.folder / "__main__.py").write_text(PROGRAM.format(root=str(ROOT), **facts))


@pytest.fixture(params=["attached", "plugin"])
def project(request: pytest.FixtureRequest, tmp_path: Path, server: Cluster) -> Iterator[Project]:
    if request.param == "plugin":
        yield Project(tmp_path, server, None)
        return
    with served() as port:
        yield Project(tmp_path, server, port)


def sql(server: Cluster, statement: str, user: str = "login") -> Any:
    """The first value that a statement answers, as somebody."""
    with psycopg.connect(**admin(server, user=user), autocommit=True) as connection:
        answer = connection.execute(cast(Any, statement))
        return (answer.fetchone() or (None,))[0] if answer.description else None


def limits_of(server: Cluster, role: str = "t_acme") -> Any:
    """As the guard reads them."""
    return sql(server, f"SELECT shobj_description('{role}'::regrole, 'pg_authid')")


@pytest.mark.slow
def test_a_roles_sessions_are_made_unchanged_changed_drifted_and_removed(project: Project, server: Cluster) -> None:
    """The whole life of a resource by the real engine; its password is in no state and no output. What a role sets for
    itself is seen, and goes.
    """
    project.wants()
    said = project.run("up", "--yes", "--skip-preview")
    own = {**admin(server, user="t_acme"), "password": SECRET}
    with psycopg.connect(**own, autocommit=True) as connection:
        connection.execute("ALTER ROLE t_acme SET statement_timeout TO 0")
    assert limits_of(server) == "few"
    said += project.run("refresh", "--yes", "--skip-preview", "--diff")
    assert "statement_timeout (everywhere)" in said
    said += project.run("up", "--yes", "--diff")
    assert sql(server, "SELECT count(*) FROM pg_db_role_setting WHERE setrole = 't_acme'::regrole") == 0
    said += project.run("preview", "--expect-no-changes", "--diff")
    project.wants(limits="more", allowed=False)
    said += project.run("up", "--yes", "--diff")
    assert limits_of(server) == "more"
    project.wants(role="t_other")
    said += project.run("up", "--yes", "--diff")
    assert limits_of(server, "t_other") == "few"
    state = (project.folder / ".pulumi" / "stacks" / "of-a-test" / "one.json").read_text()
    said += project.run("destroy", "--yes", "--skip-preview")
    for secret in (SECRET, PASSWORD):
        assert secret not in said
        assert secret not in state


@pytest.mark.slow
def test_bad_inputs_stop_before_anything_is_made(tmp_path: Path, server: Cluster) -> None:
    """Names that could mean more than a name: path, why; the value of a secret is not shown."""
    with served() as port:
        project = Project(tmp_path, server, port)
        for role in ("t_acme; DROP", "t_acme\n", "T", "*", ""):
            project.wants(role=role, secret="of-nobody", limits="other")
            said = project.run("up", "--yes", "--skip-preview", fails=True)
            assert "of-nobody" not in said
            assert "role: " in said
        assert limits_of(server) != "other"
