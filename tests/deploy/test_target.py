"""Target, backend, providers and project agree, or nothing begins: every cell of the table, then as operators do it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from pathlib import Path

import pytest

from deploy.target import ROOT, RunTarget, Target, WrongTarget, agreed, state_of
from settings.target import MARKER, backend_url, mark, mismatch, signs, target_of

SANDBOX, REAL = Target.SANDBOX, Target.REAL
CELLS = list(itertools.product((SANDBOX, REAL), repeat=4))


@pytest.fixture
def sandbox(tmp_path: Path) -> Path:
    """A marked folder with a state and a project in it."""
    for name in ("sandbox/state", "sandbox/project/hosts", "state", "clone/hosts"):
        (tmp_path / name).mkdir(parents=True)
    mark(tmp_path / "sandbox")
    return tmp_path


def surroundings(base: Path, backend: Target, providers: Target, project: Target) -> tuple[dict[str, str], Path]:
    """An environment and a project folder of these kinds."""
    environ = {"PULUMI_BACKEND_URL": f"file://{base / ('sandbox/state' if backend is SANDBOX else 'state')}"}
    if providers is SANDBOX:
        environ["PULUMI_DEBUG_PROVIDERS"] = "docker:1234"
    return environ, base / ("sandbox/project" if project is SANDBOX else "clone")


@pytest.mark.parametrize(("target", "backend", "providers", "project"), CELLS, ids=lambda one: one.value)
def test_a_run_begins_only_when_all_four_agree(
    sandbox: Path, target: Target, backend: Target, providers: Target, project: Target
) -> None:
    """Two cells of sixteen are runs; each other one names exactly what disagrees."""
    environ, folder = surroundings(sandbox, backend, providers, project)
    problem = mismatch(target, signs(environ, folder))
    against = {
        name for name, sign in (("backend", backend), ("providers", providers), ("project", project)) if sign != target
    }
    if not against:
        assert problem is None
        return
    assert problem is not None
    assert f"target: {target.value}" in problem
    named = {line.strip().split(":")[0] for line in problem.splitlines()[1:] if line.startswith("  ")}
    assert named == against
    assert "no state was read. Fix: " in problem


@pytest.mark.parametrize("shell", [None, "sandbox", "real"])
@pytest.mark.parametrize("target", [SANDBOX, REAL])
def test_a_shell_made_ready_for_the_other_target_is_refused(sandbox: Path, target: Target, shell: str | None) -> None:
    """SMOS_TARGET speaks for the shell; a shell that says nothing is in nobody's way."""
    environ, folder = surroundings(sandbox, target, target, target)
    problem = mismatch(target, signs(environ, folder), shell)
    assert (problem is None) == (shell in (None, target.value))


def test_a_plain_shell_is_meant_for_the_real_clouds() -> None:
    """Nothing said means real, for the plain CLI; a word that is no target too, so that simulated things stop it."""
    assert target_of({}) is REAL
    assert target_of({"SMOS_TARGET": "sandbox"}) is SANDBOX
    assert target_of({"SMOS_TARGET": "snadbox"}) is REAL


def test_the_backend_is_found_as_the_engine_finds_it(tmp_path: Path) -> None:
    """Variable, then project file, then login."""
    (tmp_path / "credentials.json").write_text(json.dumps({"current": "file:///login"}))
    environ = {"PULUMI_HOME": str(tmp_path)}
    assert backend_url(environ, tmp_path) == "file:///login"
    (tmp_path / "Pulumi.yaml").write_text("name: x\nbackend: {url: 's3://project'}\n")
    assert backend_url(environ, tmp_path) == "s3://project"
    assert backend_url({**environ, "PULUMI_BACKEND_URL": "azblob://variable"}, tmp_path) == "azblob://variable"
    assert backend_url({"PULUMI_HOME": str(tmp_path / "none")}, tmp_path / "none") == ""


def test_a_login_to_the_sandboxs_state_is_seen(sandbox: Path) -> None:
    """`pulumi login file://…/sandbox/state` and a clone in a new terminal: refused, though no variable says it."""
    (sandbox / "credentials.json").write_text(json.dumps({"current": f"file://{sandbox}/sandbox/state"}))
    problem = mismatch(REAL, signs({"PULUMI_HOME": str(sandbox)}, sandbox / "clone"))
    assert problem is not None
    assert "backend: sandbox" in problem


def test_the_clone_can_not_lie_in_a_sandbox() -> None:
    """SMOS_SANDBOX=.. would make every real run a simulated one."""
    with pytest.raises(ValueError, match="the clone lies in it"):
        mark(ROOT.parent)
    assert not (ROOT.parent / MARKER).exists()


def test_a_real_run_from_within_the_shadow_project_is_refused(sandbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator stands in the shadow project and says `--target real`."""
    place = RunTarget(
        target=REAL,
        pulumi=Path("pulumi"),
        project=sandbox / "clone",
        hosts_project=sandbox,
        scratch=sandbox,
        environ={},
    )
    monkeypatch.delenv("SMOS_TARGET", raising=False)
    assert agreed(place) is place
    monkeypatch.chdir(sandbox / "sandbox" / "project")
    with pytest.raises(WrongTarget, match="project: sandbox"):
        agreed(place)


def test_another_backend_in_the_shell_than_in_the_settings_is_refused() -> None:
    """Two truths about where the state is: neither is taken."""
    with pytest.raises(WrongTarget, match=r"smarteros:state in Pulumi\.prod\.yaml"):
        state_of("prod", {"PULUMI_BACKEND_URL": "s3://elsewhere"})


@pytest.mark.parametrize(
    "more",
    [
        {"PULUMI_DEBUG_PROVIDERS": "docker:1"},
        {"PULUMI_BACKEND_URL": "file://{sandbox}/state"},
        {"SMOS_TARGET": "sandbox"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_smos_refuses_a_real_run_in_a_shell_of_the_sandbox(sandbox: Path, more: dict[str, str]) -> None:
    """`./smos up prod --target real` after `sandbox env`: exit code 2, before anything was read."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "SMOS_"))}
    added = {name: value.format(sandbox=sandbox / "sandbox") for name, value in more.items()}
    done = subprocess.run(
        [str(ROOT / "smos"), "up", "prod", "--target", "real"],
        env={**kept, **added, "HOME": str(sandbox)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2, done.stderr
    assert "target: real, but not everything around this run agrees" in done.stderr
    assert "Fix: a new terminal" in done.stderr
