"""A run on the developer's own machine: what it lacks, what it waits for, and what it never asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deploy.doctor import Finding, examine
from deploy.guards import NotReady, hosts_ready, tunnel_open
from deploy.losses import LossRefused, refuse
from deploy.lost import LEFT_BEHIND, Loss
from deploy.platform import Wish, hosts_up
from deploy.simulated import freshen
from deploy.target import ROOT, RunTarget, Target
from sandbox.core.inventory import Inventory
from sandbox.docker.server.api import DockerSocket
from sandbox.home import Home
from sandbox.scene import Scene
from settings import Settings, load_files

NOT_AUTOMATIC = "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the settings of local, whose engine is at a socket of this test."""
    folder = tmp_path / "project"
    folder.mkdir()
    document = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())
    document["config"]["smarteros:hosts"][0]["dockerHost"] = f"unix://{tmp_path}/docker.sock"
    (folder / "Pulumi.local.yaml").write_text(yaml.safe_dump(document))
    return folder


@pytest.fixture
def settings(project: Path) -> Settings:
    """These settings."""
    return load_files("local", project)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DockerSocket]:
    """An engine that answers there."""
    cloud = Inventory(tmp_path)
    found = DockerSocket(tmp_path / "docker.sock", cloud)
    yield found
    found.close()
    cloud.close()


@pytest.fixture
def place(tmp_path: Path, project: Path) -> RunTarget:
    """A run target in which nothing is started."""
    return RunTarget(
        target=Target.REAL,
        pulumi=tmp_path / "pulumi",
        project=project,
        hosts_project=project / "hosts",
        scratch=tmp_path,
        environ={},
    )


def doctor(project: Path, tmp_path: Path, **environ: str) -> dict[str, Finding]:
    """What a real run needs, by name, on a machine on which nobody has logged in anywhere."""
    bare = {"HOME": str(tmp_path), "SMOS_KEY_FILE": str(tmp_path / "key.txt"), "PULUMI_HOME": str(tmp_path), "PATH": ""}
    return {one.what: one for one in examine("local", Target.REAL, {**bare, **environ}, project)}


def test_it_lacks_an_engine_and_a_keyring_and_no_account(project: Path, tmp_path: Path) -> None:
    """No server, no zone, no subscription: nothing of them is asked for."""
    found = doctor(project, tmp_path)
    assert {name for name, one in found.items() if not one.ok} == {"docker engine", "keyring"}
    assert "start Docker" in found["docker engine"].mend
    assert "DOCKER_HOST" in found["docker engine"].mend
    assert not {"ssh key", "azure login"} & found.keys()
    assert not [name for name in found if name.startswith("external/")]


def test_an_engine_that_answers_is_not_missed(project: Path, tmp_path: Path, engine: DockerSocket) -> None:
    """It is asked at its socket."""
    found = doctor(project, tmp_path)["docker engine"]
    assert (found.ok, found.detail) == (True, f"answers at unix://{tmp_path}/docker.sock")


def test_the_plugin_is_missed_where_the_engine_may_not_get_it(project: Path, tmp_path: Path) -> None:
    """Else it comes with the first run."""
    assert doctor(project, tmp_path)["docker plugin"].ok
    missing = doctor(project, tmp_path, **{NOT_AUTOMATIC: "true"})["docker plugin"]
    assert not missing.ok
    version = missing.mend.rpartition(" ")[2]
    assert missing.mend == f"pulumi plugin install resource docker {version}"
    (tmp_path / "plugins" / f"resource-docker-v{version}").mkdir(parents=True)
    assert doctor(project, tmp_path, **{NOT_AUTOMATIC: "true"})["docker plugin"].ok


def test_a_run_waits_for_the_engine_and_begins_with_it(
    place: RunTarget, settings: Settings, engine: DockerSocket
) -> None:
    """Nothing begins which can't end well."""
    hosts_ready(place, settings, "local")
    engine.close()
    with pytest.raises(NotReady, match="this machine's Docker engine does not answer at unix://"):
        hosts_ready(place, settings, "local")


def test_there_is_no_tunnel_to_open_and_no_host_to_prepare(place: RunTarget, settings: Settings) -> None:
    """Neither starts anything: there is no engine and no SSH here."""
    said: list[str] = []
    with tunnel_open(place, settings, said.append):
        assert said == []
    assert hosts_up(place, Wish(stack="local"), said.append).changed == 0
    assert said == ["local has no host that is reached by SSH: there is nothing to prepare"]


def test_where_nothing_has_to_be_named_what_moves_away_is_still_refused() -> None:
    """The state would say that it exists where it does not."""
    gone = Loss("urn:pulumi:local::s::t::data", "t", "deleted", "its rows")
    with pytest.raises(LossRefused, match="data"):
        refuse("local", [gone], ())
    refuse("local", [gone], None)
    with pytest.raises(LossRefused, match="left behind"):
        refuse("local", [replace(gone, how=LEFT_BEHIND)], None)


def test_a_simulated_run_has_an_engine_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Docker the developer has, and whatever DOCKER_HOST says, is left alone."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
    home = Home(tmp_path / "sandbox")
    freshen(home)
    own = load_files("local", home.project).own_machine
    assert own is not None
    assert own.docker_host == Scene.read(home).own_engine == f"unix://{home.docker_socket}"
