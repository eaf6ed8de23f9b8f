"""In a run on many, engines keep no logs; everything else of their home is as it is."""

from __future__ import annotations

from pathlib import Path

from deploy.target import RunTarget, Target
from tenants.fleet.lean import lean


def test_a_home_without_room_for_logs(tmp_path: Path) -> None:
    """Plugins and logins are those of the real one, also what comes in between; nothing is left behind."""
    home, scratch = tmp_path / "home", tmp_path / "runs"
    scratch.mkdir()
    (home / "logs").mkdir(parents=True)
    (home / "credentials.json").write_text("{}")
    place = RunTarget(
        target=Target.SANDBOX,
        pulumi=tmp_path,
        project=tmp_path,
        hosts_project=tmp_path,
        scratch=scratch,
        environ={"PULUMI_HOME": str(home), "HOME": "/x"},
    )
    with lean(place) as spare:
        found = Path(spare.environ["PULUMI_HOME"])
        assert found != home
        assert not (found / "logs").is_dir()
        assert (found / "credentials.json").read_text() == "{}"
        (found / "plugins" / "resource-x").mkdir()
    assert (home / "plugins" / "resource-x").is_dir()
    assert list(scratch.iterdir()) == []
    assert (home / "logs").is_dir()


def test_without_a_home_of_its_own_it_is_the_operators(tmp_path: Path) -> None:
    """`~/.pulumi`, as the engine has it."""
    place = RunTarget(
        target=Target.REAL,
        pulumi=tmp_path,
        project=tmp_path,
        hosts_project=tmp_path,
        scratch=tmp_path,
        environ={"HOME": str(tmp_path / "me")},
    )
    with lean(place):
        assert (tmp_path / "me" / ".pulumi" / "plugins").is_dir()
