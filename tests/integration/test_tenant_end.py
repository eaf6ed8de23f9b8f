"""The end of a tenant, disturbed: what is planted behind Pulumi's back is found, and a killed delete goes on."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from deploy.vault_api import VaultApi
from tests.integration.conftest import Clone
from tests.integration.planted import PROGRAM
from tests.integration.test_demo import last_json
from tests.integration.test_tenant_life import Data, rut, with_redis
from tests.integration.test_tenants import server
from tests.integration.to_the_end import to_its_end

pytestmark = pytest.mark.slow
SLUG = "zapateria"
DOMAIN = f"{SLUG}.smarterbot.cl"
DELETE = ("tenant", "delete", SLUG, "--yes", "--confirm", SLUG, "--json")


def create(clone: Clone) -> None:
    """The tenant, with data in it."""
    clone.smos("create", "tenant", rut(77111222), "Zapatería", DOMAIN, "--json")
    with_redis(clone, SLUG, 6)
    Data(clone, SLUG).fill()


@pytest.fixture
def tenant(demo: Clone) -> Iterator[Clone]:
    """It is gone afterwards."""
    create(demo)
    yield demo
    if (demo.home.folder / "registry" / f"{SLUG}.yaml").exists():
        demo.smos(*DELETE)


class Planter:
    """Puts things where no stack knows of them: by the limited logins, as an operator's slip would."""

    def __init__(self, clone: Clone) -> None:
        self.clone, self.platform = clone, clone.platform()
        found = self.platform["databaseServers"][self.platform["tenants"]["databaseServer"]]
        self.login = {**server(clone), "user": found["provisioner"], "dbname": "postgres"}
        name = self.platform["tenants"]["databaseServer"]
        self.login["password"] = self.secret(f"prod/databaseProvisionerPasswords/{name}")

    def secret(self, path: str) -> str:
        return self.clone.shell(f"./smos keys show {path} --reveal").stdout.strip()

    def sql(self, *statements: str) -> None:
        """As the provisioner."""
        with psycopg.connect(**self.login, autocommit=True) as connection:
            for one in statements:
                connection.execute(one)

    def vault(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """As root."""
        VaultApi(self.platform["vault"]["localPort"]).ask(method, path, body, self.secret("prod/vault/rootToken"))


@contextlib.contextmanager
def in_the_clouds(clone: Clone, given: dict[str, Any]) -> Iterator[None]:
    """A stack of a project of its own, of which the tenants' commands know nothing."""
    exported = json.loads(clone.shell("pulumi stack export --stack prod").stdout)["deployment"]["resources"]
    docker = next(
        one["inputs"]
        for one in exported
        if one["type"] == "pulumi:providers:docker" and str(one["inputs"].get("host", "")).startswith("ssh")
    )
    version = docker.pop("version", "")
    docker.pop("__internal", None)
    blobs, tags = given["tenants"]["blobs"], {"system": given["system"], "environment": "prod", "managed-by": "pulumi"}
    planted = {
        **{"root": str(clone.root), "slug": SLUG, "domain": DOMAIN, "blobs": blobs, "tags": tags},
        **{"zone": given["zoneId"], "edge": given["tenants"]["edgeName"]},
        "docker": {"inputs": docker, "version": version},
    }
    folder = clone.home.folder / "planted"  # the sandbox's engine works in its own folders alone
    folder.mkdir()
    runtime = {"name": "python", "options": {"virtualenv": str(clone.root / ".venv")}}
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "planted", "runtime": runtime}))
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "planted.json").write_text(json.dumps(planted))
    there = f'unset PULUMI_OPTION_CWD; cd {folder}; export PLANTED="$(cat planted.json)"\n'
    clone.shell(f"{there}pulumi stack init planted && pulumi up --yes --skip-preview --stack planted")
    try:
        yield
    finally:
        clone.shell(
            f"{there}pulumi state unprotect --all --yes --stack planted && "
            "pulumi destroy --yes --skip-preview --stack planted && pulumi stack rm planted --yes"
        )


def test_what_is_planted_in_the_clouds_is_found(tenant: Clone) -> None:
    """By another Pulumi project: record, blob container, identity, role assignment, volume."""
    registry = tenant.home.folder / "registry" / f"{SLUG}.yaml"
    text, given = registry.read_text(), tenant.platform()
    tenant.smos(*DELETE)
    registry.write_text(text)
    (registry.parent / f"{SLUG}.gone").unlink(missing_ok=True)
    with in_the_clouds(tenant, given):
        failed = tenant.smos(*DELETE, ok=False)
        assert failed.returncode == 1
        said = last_json(failed.stdout)["error"]
    for line in (
        f"the CNAME record {DOMAIN}. Fix: ",
        f"the blob container t-{SLUG}. Fix: az storage container-rm delete",
        f"t-{SLUG}. Fix: az identity delete",
        "Fix: az role assignment delete",
        "the volume planted. Fix: docker volume rm planted",
    ):
        assert line in said
    assert registry.exists()
    assert last_json(tenant.smos(*DELETE).stdout)["left"] == 0


def test_what_is_planted_behind_pulumis_back_is_found(tenant: Clone) -> None:
    """One at a time, at each vendor that can be reached so: exit code 1, where, what and the mend; the file stays until
    nothing is left. A neighbour that begins alike is none.
    """
    registry = tenant.home.folder / "registry" / f"{SLUG}.yaml"
    text = registry.read_text()
    planter = Planter(tenant)
    planter.sql(f"CREATE ROLE t_{SLUG}s")
    gone = last_json(tenant.smos(*DELETE).stdout)
    assert gone["left"] == 0
    registry.write_text(text)
    (registry.parent / f"{SLUG}.gone").unlink(missing_ok=True)
    planter.sql(f"CREATE ROLE t_{SLUG}", f"CREATE DATABASE t_{SLUG}_copy")
    planter.vault("POST", f"sys/mounts/kv-{SLUG}", {"type": "kv", "options": {"version": "2"}})
    planter.vault("POST", f"transit/keys/tenant-{SLUG}", {})
    failed = tenant.smos(*DELETE, ok=False)
    assert failed.returncode == 1
    said = last_json(failed.stdout)["error"]
    for line in (
        f"the database t_{SLUG}_copy. Fix: DROP DATABASE",
        f"the role t_{SLUG}. Fix: DROP ROLE",
        f"the mount kv-{SLUG}. Fix: vault secrets disable",
        f"the key tenant-{SLUG}. Fix: vault delete",
    ):
        assert line in said
    assert f"t_{SLUG}s" not in said
    assert registry.exists()
    planter.sql(f"DROP DATABASE t_{SLUG}_copy", f"DROP ROLE t_{SLUG}", f"DROP ROLE t_{SLUG}s")
    planter.vault("DELETE", f"sys/mounts/kv-{SLUG}")
    planter.vault("POST", f"transit/keys/tenant-{SLUG}/config", {"deletion_allowed": True})
    planter.vault("DELETE", f"transit/keys/tenant-{SLUG}")
    assert last_json(tenant.smos(*DELETE).stdout)["left"] == 0
    assert not registry.exists()


@pytest.mark.parametrize(("moment", "after_s"), [("exporting", 0.1), ("whole", 0.3), ("whole", 1.0)])
def test_a_killed_delete_goes_on_with_the_archive_that_it_made(
    tenant: Clone, moment: str, after_s: float, tmp_path: Path
) -> None:
    """Whenever it is killed, with everything that it started: run again it ends, and what comes back is all of it."""
    first = last_json(tenant.smos("tenant", "export", SLUG, "--to", str(tmp_path), "--json").stdout)
    with (tmp_path / "said").open("w") as said:
        running = subprocess.Popen(
            [str(tenant.root / "smos"), *DELETE], cwd=tenant.root, env=tenant.environ, stdout=said, stderr=said
        )
        while running.poll() is None and moment not in (tmp_path / "said").read_text():
            time.sleep(0.02)
        time.sleep(after_s)
        kill(running)
    shelf = tenant.home.folder / "archive"
    begun = (shelf / f"{SLUG}.ending").exists()
    before = {one: one.read_bytes() for one in shelf.glob(f"{SLUG}-*.archive")}
    if running.returncode == 0:
        gone = last_json((tmp_path / "said").read_text())
    else:
        done = tenant.smos(*DELETE)
        gone = last_json(done.stdout)
        if begun:
            assert "was made then, and is kept" in done.stdout + done.stderr
    assert gone["left"] == 0
    assert gone["archive"]
    assert {one: one.read_bytes() for one in before} == before
    tenant.smos("tenant", "import", gone["archive"], "--json")
    again = last_json(tenant.smos("tenant", "export", SLUG, "--to", str(tmp_path / "b"), "--json").stdout)
    assert again["content"] == first["content"]


def kill(running: subprocess.Popen[Any]) -> None:
    """With its children, at once."""
    with contextlib.suppress(psutil.NoSuchProcess):
        every = [*psutil.Process(running.pid).children(recursive=True), psutil.Process(running.pid)]
        for one in every:
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
    running.wait(30)


def test_a_suspension_that_was_killed_is_undone_by_resume(tenant: Clone, tmp_path: Path) -> None:
    """The state says open, the vendor closed, and open is wanted: it is read anew, and opened."""
    for delay in (0.2, 0.5):
        running = subprocess.Popen(
            [str(tenant.root / "smos"), "tenant", "suspend", SLUG],
            cwd=tenant.root,
            env=tenant.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while running.poll() is None and not any({"up", SLUG} <= set(one.cmdline()) for one in _children(running.pid)):
            time.sleep(0.02)
        time.sleep(delay)
        kill(running)
        to_its_end(tenant, "tenant", "resume", SLUG, "--json")
        assert last_json(tenant.smos("tenant", "drift", SLUG, "--json").stdout)["changed"] == []
        assert Data(tenant, SLUG).seen()[0] == 25


def _children(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return [one for one in psutil.Process(pid).children(recursive=True) if _has_words(one)]
    return []


def _has_words(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return bool(process.cmdline())
    return False


def test_an_import_that_failed_stays_closed_and_goes_on(tenant: Clone) -> None:
    """It is listed as importing, nobody opens it by hand, and the same command again completes it."""
    gone = last_json(tenant.smos(*DELETE).stdout)
    registry = tenant.home.folder / "registry" / f"{SLUG}.yaml"
    running = subprocess.Popen(
        [str(tenant.root / "smos"), "tenant", "import", gone["archive"]],
        cwd=tenant.root,
        env=tenant.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while running.poll() is None and not registry.exists():
        time.sleep(0.02)
    time.sleep(1.0)
    kill(running)
    if "state: importing" in registry.read_text():
        refused = tenant.smos("tenant", "resume", SLUG, ok=False)
        assert "import has not ended" in refused.stdout + refused.stderr
        to_its_end(tenant, "tenant", "import", gone["archive"], "--json")
    else:  # all of it was there already, and only its doors were not open yet
        to_its_end(tenant, "tenant", "apply", SLUG)
    assert Data(tenant, SLUG).seen()[0] == 25
    assert last_json(tenant.smos("tenant", "status", SLUG, "--json").stdout)["status"] == "up"


def test_a_tenant_of_an_earlier_version_ends_without_an_apply(tenant: Clone) -> None:
    """Its state says nothing of what its role owns nor of what goes with its database, and a second `apply` of that
    version took the role from the provisioner (tenants/earlier_version.py).
    """
    (file,) = tenant.home.state.rglob(f"stacks/*/{SLUG}.json")
    content = json.loads(file.read_text())
    for one in content["checkpoint"]["latest"]["resources"]:
        if one["type"] == "postgresql:index/role:Role":
            one["inputs"].pop("skipReassignOwned")
            one["outputs"]["skipReassignOwned"] = False
        one.pop("deletedWith", None)
    file.write_text(json.dumps(content))
    file.with_name(f"{file.name}.attrs").unlink(missing_ok=True)
    Planter(tenant).sql(f"REVOKE t_{SLUG} FROM smarteros_provisioner")
    assert last_json(tenant.smos(*DELETE, "--no-export").stdout)["left"] == 0
