"""`./smos`: what its first use makes, and that later uses cost nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from engine import CLONE, cache, pin

HEAVY = {"pulumi", "grpc", "pydantic", "rich", "asyncssh", "yaml", "google.protobuf"}

# Stands for the command line: says where it was started from and with what.
STAND_IN = "import sys\nprint(sys.executable)\nprint(*sys.argv[1:], sep='|')\n"


class Clone:
    """A clone in a path with a space, without packages: its set-up needs no network."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a clone"
        self.env = {
            key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "SMOS_", "VIRTUAL"))
        } | {"SMOS_CACHE": str(folder / "cache"), "SMOS_PYTHON": sys.executable, "PATH": "/usr/bin:/bin"}
        for room in ("engine", "kept"):
            shutil.copytree(CLONE / room, self.root / room, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(CLONE / "smos", self.root / "smos")
        self.lock = self.root / "requirements.lock"
        self.lock.write_text("# no packages\n")
        (self.root / "cli").mkdir()
        (self.root / "cli" / "__main__.py").write_text(STAND_IN)
        kept = folder / "cache" / "engine" / pin.VERSION / f"build-{cache.platform_name()}" / "pulumi"
        kept.parent.mkdir(parents=True)
        kept.write_text("#!/bin/sh\n")
        kept.chmod(0o755)

    def smos(self, *arguments: str, at: Path | None = None, command: str = "") -> tuple[str, str]:
        """Start it and return its two outputs."""
        done = subprocess.run(
            [command or str(self.root / "smos"), *arguments],
            cwd=at or self.root,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone that has been set up once."""
    made = Clone(tmp_path_factory.mktemp("launcher"))
    _, said = made.smos("first")
    for step in ("virtualenv", "0 packages", "engine", "ready in"):
        assert step in said
    return made


def test_later_use_only_starts_the_command(clone: Clone) -> None:
    """A clone that is ready prints nothing of its own and runs the virtualenv's Python."""
    assert clone.smos("a", "b c") == (f"{clone.root / '.venv' / 'bin' / 'python'}\na|b c\n", "")


def test_from_anywhere(clone: Clone, tmp_path: Path) -> None:
    """It works from another folder, through links of links, and as a bare name in its own folder."""
    link = tmp_path / "link"
    link.symlink_to(clone.root / "smos")
    second = tmp_path / "second"
    second.symlink_to("link")
    assert clone.smos("x", at=tmp_path, command=str(second))[0].endswith("\nx\n")
    clone.env["PATH"] += f":{clone.root}"
    assert clone.smos("y", at=tmp_path, command="smos")[0].endswith("\ny\n")


def test_launcher_costs_little(clone: Clone) -> None:
    """Checking the stamps takes less than 50 ms over starting Python directly."""
    python = str(clone.root / ".venv" / "bin" / "python")

    def quickest(command: list[str]) -> float:
        took = []
        for _ in range(5):
            begun = time.perf_counter()
            subprocess.run(command, env=clone.env, stdout=subprocess.DEVNULL, check=True)
            took.append(time.perf_counter() - begun)
        return min(took)

    launched = quickest([str(clone.root / "smos"), "x"])
    direct = quickest([python, str(clone.root / "cli"), "x"])
    assert launched - direct < 0.05


@pytest.mark.slow
def test_changed_lock_installs_again(clone: Clone) -> None:
    """A changed lock is noticed and installed once; the virtualenv and the engine stay."""
    clone.lock.write_text("# still no packages\n")
    _, said = clone.smos("x")
    assert "packages" in said
    assert "virtualenv" not in said
    assert "engine" not in said
    assert clone.smos("x")[1] == ""


@pytest.mark.slow
def test_interrupted_set_up_is_completed(clone: Clone) -> None:
    """Without the stamp the virtualenv counts as half made, and is made anew."""
    (clone.root / ".venv" / ".smos-lock").unlink()
    half = clone.root / ".venv" / "half-installed"
    half.touch()
    _, said = clone.smos("x")
    assert "virtualenv" in said
    assert not half.exists()
    assert clone.smos("x")[1] == ""


def test_lost_engine_is_placed_again(clone: Clone) -> None:
    """Only the engine is got again, not the packages."""
    (clone.root / ".venv" / ".smos-engine.json").unlink()
    _, said = clone.smos("x")
    assert "engine" in said
    assert "packages" not in said


@pytest.mark.slow
def test_failed_step_says_why_and_how_to_mend(clone: Clone) -> None:
    """A package that can't be had: the step, pip's last lines, the mend; then it goes on from there."""
    before = clone.lock.read_text()
    clone.lock.write_text("no-such-package==1.0 --hash=sha256:" + "0" * 64 + "\n")
    clone.env["PIP_NO_INDEX"] = "1"
    try:
        with pytest.raises(AssertionError) as failure:
            clone.smos("x")
    finally:
        clone.lock.write_text(before)
    for part in (
        "installing the packages failed",
        "no-such-package",
        "fix:",
        "setup.log",
        "goes on from here",
    ):
        assert part in str(failure.value)
    assert "virtualenv" in clone.smos("x")[1]


def test_no_python(tmp_path: Path) -> None:
    """Without a suitable Python it says what it looked for and how to get one."""
    done = subprocess.run(
        [str(CLONE / "smos"), "x"],
        env={"PATH": "/nowhere"},  # even cmp is missing: the stamps can't be read
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "apt-get install python3 python3-venv" in done.stderr


def test_help_imports_nothing_heavy() -> None:
    """`--help` lists every command without importing one, or any SDK."""
    code = (
        "import runpy, sys, atexit\n"
        "atexit.register(lambda: print('imported', *sys.modules, sep='\\n'))\n"
        f"sys.argv = ['smos', '--help']; sys.path.insert(0, '')\n"
        f"runpy.run_path({str(CLONE / 'cli' / '__main__.py')!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    shown, _, imported = done.stdout.partition("imported\n")
    from cli.commands import COMMANDS

    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert HEAVY.isdisjoint(imported.splitlines())
    targets = {entry.target.partition(":")[0] for entry in COMMANDS.values()}
    assert targets.isdisjoint(imported.splitlines())


def test_every_command_loads() -> None:
    """Each line of the table names a module and a function that exist."""
    from cli.commands import COMMANDS
    from cli.lazy import load

    for name in COMMANDS:
        assert load(name).name == name


SLEEP = "import time; time.sleep(1)"


@pytest.mark.parametrize("arguments", [["no-such-command"], ["check", "--no-such-option"]])
def test_bad_usage_is_2(arguments: list[str]) -> None:
    """Exit code 2 means: the input was wrong, nothing was done."""
    done = subprocess.run([sys.executable, str(CLONE / "cli"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: smos ")


def test_check_runs_everything(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """A failing check does not hide the later ones, and the closing line of the tests is shown."""
    from cli import check

    def some(fast: bool) -> list[check.Check]:
        return [check.Check("first", ["no_such_module"]), check.Check("tests", ["pytest", "--version"])]

    monkeypatch.setattr(check, "checks", some)
    with pytest.raises(typer.Exit) as end:
        check.check(fast=True)
    printed = capfd.readouterr().out.splitlines()
    assert end.value.exit_code == 1
    assert printed[0] == "checking first, tests"
    assert [line.split()[:2] for line in printed[2:]] == [
        ["first", "FAILED"],
        ["pytest", pytest.__version__],
        ["tests", "ok"],
        ["failed:", "first"],
    ]


def test_check_speaks_for_a_tool_that_is_silent(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nobody has to wonder whether it still runs."""
    from cli import check

    monkeypatch.setattr(check, "EVERY_S", 0.05)
    monkeypatch.setattr(check, "checks", lambda fast: [check.Check("silent", ["timeit", "-n1", "-r1", "-s", SLEEP])])
    check.check(fast=True)
    printed = [line.split()[:2] for line in capfd.readouterr().out.splitlines()]
    assert printed[1] == ["silent", "runs"]
    assert printed[-2] == ["silent", "ok"]
