"""Tenants, as an operator makes them: files, stacks, and who can reach whose data on the real server."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tenants.shards import project_of
from tests.integration.conftest import Clone
from tests.integration.test_demo import last_json, tracked
from tests.integration.to_the_end import to_its_end

pytestmark = pytest.mark.slow
OTHER = ("76.086.428-5", "Ferretería Ñandú", "ferreteria.smarterbot.cl")


@pytest.fixture(scope="module")
def two(demo: Clone) -> Iterator[Clone]:
    """acme, which the demo has made, and another tenant."""
    before = tracked(demo)
    made = last_json(demo.smos("create", "tenant", *OTHER, "--json").stdout)
    assert (made["ok"], made["tenant"], made["violations"]) == (True, "ferreteria", 0)
    assert made["resources"] >= 11
    assert tracked(demo) == before
    try:
        yield demo
    finally:
        if (demo.home.folder / "registry" / "ferreteria.yaml").exists():
            demo.smos("tenant", "delete", "ferreteria", *unasked("ferreteria"), ok=None)
            (demo.home.folder / "registry" / "ferreteria.yaml").unlink(missing_ok=True)


def listed(clone: Clone) -> dict[str, str]:
    """Slug → how it is."""
    facts = last_json(clone.smos("tenant", "list", "--json").stdout)
    return {one["slug"]: one["status"] for one in facts["tenants"]}


def password(clone: Clone, slug: str) -> str:
    """Of the tenant's owner role, as its stack has it."""
    folder = clone.home.folder / "tenants" / slug
    address = f"http://127.0.0.1:{clone.platform()['vault']['localPort']}"
    script = (
        f"export VAULT_SERVER_URL={address} VAULT_SERVER_TOKEN=$(./smos vault token prod)\n"
        f"unset PULUMI_OPTION_CWD; cd {folder} && pulumi stack export --show-secrets --stack {slug}"
    )
    found = json.loads(clone.shell(script).stdout)["deployment"]["resources"]
    made = next(one for one in found if one["urn"].endswith("::database-password"))
    return str(json.loads(made["outputs"]["result"]["plaintext"]))


def server(clone: Clone) -> dict[str, Any]:
    """How the tenants' database server is reached."""
    platform = clone.platform()
    found = platform["databaseServers"][platform["tenants"]["databaseServer"]]
    return {"host": "127.0.0.1", "port": found["localPort"], "sslmode": found["sslmode"]}


def test_both_are_listed_and_up(two: Clone) -> None:
    """The simulated registry lies over the tracked one."""
    assert {"acme": "up", "ferreteria": "up"}.items() <= listed(two).items()
    assert last_json(two.smos("tenant", "status", "acme", "--json").stdout)["ok"] is True


def test_again_changes_nothing(two: Clone) -> None:
    """`create` and `apply` prove what is there."""
    again = last_json(two.smos("create", "tenant", *OTHER, "--json").stdout)
    assert (again["changes"], again["violations"]) == (0, 0)
    assert last_json(two.smos("tenant", "apply", "acme", "--json").stdout)["changes"] == 0
    assert last_json(two.smos("tenant", "plan", "acme", "--json").stdout)["changes"] == 0


def test_no_tenant_reaches_another_database(two: Clone) -> None:
    """On the real server: its own opens with pgvector; another's, the platform's and the template's do not."""
    where = server(two)
    words = {"t_acme": password(two, "acme"), "t_ferreteria": password(two, "ferreteria")}
    for user, word in words.items():
        with psycopg.connect(**where, user=user, password=word, dbname=user) as own:
            own.execute("CREATE TABLE mine (at vector(3))")
            row = own.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", (user,)).fetchone()
            assert row == (user,)
            own.rollback()
        for database in ({"t_acme", "t_ferreteria"} - {user}) | {"knowledge", "smarteros_tenant"}:
            with pytest.raises(psycopg.OperationalError, match="CONNECT privilege"):
                psycopg.connect(**where, user=user, password=word, dbname=database)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(**where, user=user, password="wrong", dbname=user)


def test_no_secret_is_in_an_argument_or_an_output(two: Clone) -> None:
    """Neither what was printed, nor the stack's output, nor the folder that the engine is started in."""
    word = password(two, "acme")
    assert not any(word in said for said in two.said if '"plaintext"' not in said)
    assert word not in two.smos("tenant", "show", "acme").stdout
    for file in (two.home.folder / "tenants").rglob("*"):
        assert not file.is_file() or word not in file.read_text(errors="replace")


def test_bad_input_is_exit_code_two_and_writes_nothing(two: Clone) -> None:
    """Nothing is started for it either."""
    before = (tracked(two), sorted((two.home.folder / "registry").iterdir()))
    done = two.smos("create", "tenant", "12345678-9", "Acme Corp", "acme.smarterbot.cl", ok=False)
    assert done.returncode == 2
    assert "12345678-5" in done.stderr
    assert two.smos("create", "tenant", "76086428-5", "X", "vault.smarterbot.cl", ok=False).returncode == 2
    assert two.smos("tenant", "status", "nobody", ok=False).returncode == 2
    assert two.smos("tenant", "delete", "acme", "--no-export", ok=False).returncode == 2
    assert two.smos("tenant", "delete", "acme", "--no-export", "--yes", "--confirm", "acm", ok=False).returncode == 2
    refused = two.smos("tenant", "destroy", "acme", "--allow-loss", "acme", ok=False)
    assert refused.returncode == 2
    assert "./smos tenant delete acme --no-export" in refused.stderr
    assert (tracked(two), sorted((two.home.folder / "registry").iterdir())) == before


def test_a_lost_file_of_a_live_tenant_is_an_error_that_says_how_to_end_one(two: Clone) -> None:
    """Deleting the file is not the way; another tenant goes on."""
    file = two.home.folder / "registry" / "ferreteria.yaml"
    kept = file.read_text()
    file.unlink()
    try:
        for command in (["list"], ["apply", "ferreteria"]):
            done = two.smos("tenant", *command, ok=False)
            assert done.returncode == 2
            assert "tenant delete ferreteria --no-export" in done.stderr
        assert "warning" in two.smos("tenant", "apply", "acme").stderr
    finally:
        file.write_text(kept)


def test_a_tenant_does_not_move_to_another_platform_by_a_slip(two: Clone) -> None:
    """Its database would be an empty one there, and be deleted here. (backup is not up either: both are refusals.)"""
    done = two.smos("tenant", "apply", "acme", "--stack", "backup", ok=False)
    assert done.returncode == 1
    assert "backup" in done.stderr
    assert listed(two)["acme"] == "up"


def test_a_lost_work_folder_is_made_again(two: Clone) -> None:
    """A fresh clone has none: what counts is the file and the state."""
    shutil.rmtree(two.home.folder / "tenants" / "acme")
    assert last_json(two.smos("tenant", "apply", "acme", "--json").stdout)["changes"] == 0


@pytest.mark.parametrize("least", [1, 6])
def test_a_killed_run_is_completed_by_the_next(two: Clone, least: int) -> None:
    """The engine is killed in the middle of a creation; the same command again ends as an undisturbed one."""
    slug = f"killed{least}"
    command = ["create", "tenant", "11.111.111-1", "Killed", f"{slug}.smarterbot.cl"]
    two.fault("slow", times=12, seconds=0.4)  # it goes on for long enough after that moment
    running = subprocess.Popen([str(two.root / "smos"), *command], cwd=two.root, env=two.environ)
    _kill_engine(running, slug, two.home.state, least)
    assert running.wait(60) == 1
    assert last_json(to_its_end(two, *command, "--json").stdout)["ok"]
    assert last_json(two.smos("tenant", "apply", slug, "--json").stdout)["changes"] == 0
    assert listed(two)[slug] == "up"
    word = password(two, slug)
    psycopg.connect(**server(two), user=f"t_{slug}", password=word, dbname=f"t_{slug}").close()
    file = two.home.folder / "registry" / f"{slug}.yaml"
    if least == 1:
        assert last_json(two.smos("tenant", "delete", slug, *unasked(slug), "--json").stdout)["left"] == 0
        assert not file.exists()
    else:  # of a tenant whose file is gone, the stack can be taken down all the same
        file.unlink()
        assert last_json(two.smos("tenant", "delete", slug, *unasked(slug), "--json").stdout)["left"] is None
    assert slug not in listed(two)


def unasked(slug: str) -> tuple[str, ...]:
    """An end without an archive, where nobody can be asked."""
    return ("--no-export", "--yes", "--confirm", slug)


def _kill_engine(running: subprocess.Popen[bytes], slug: str, states: Path, least: int) -> None:
    """Kills the `pulumi up` of a command once so many resources of the tenant are in its state."""
    state = states / ".pulumi" / "stacks" / project_of(slug) / f"{slug}.json"
    while running.poll() is None:
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(running.pid).children(recursive=True)
            engines = [one for one in children if {"up", slug} <= set(one.cmdline())]
            if engines and state.is_file() and state.read_text().count('"urn"') >= least:
                for one in engines:
                    os.kill(one.pid, signal.SIGKILL)
                return
        time.sleep(0.02)
    raise AssertionError("the engine was not seen")
