"""`./smos capacity`: a table, one JSON object, a picture; 1 when something does not fit, 2 for bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.components.declared import ROOT


def capacity(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, as it is started."""
    command = [sys.executable, str(ROOT / "cli"), "capacity", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_what_fits_ends_well_with_a_table_of_every_container() -> None:
    """Each with its numbers and its source, the sums, and the verdict."""
    done = capacity("--stack", "backup")
    assert done.returncode == 0, done.stderr
    for words in ("postgres-vps", "traefik-docker-api", "Docker and the system", "together", "there is", "charts/n8n"):
        assert words in done.stdout
    assert "database server vps (on vps)" in done.stdout
    assert done.stdout.splitlines()[-1] == "backup with profile core fits"


def test_a_full_on_8_gb_is_refused_with_the_sum() -> None:
    """Exit code 1; the sum, what is too little, what would be enough, and what the vendors themselves ask for."""
    done = capacity("--stack", "backup", "--profile", "full")
    assert done.returncode == 1
    assert "backup with profile full does not fit:" in done.stdout
    assert "smarteros:hosts/0/memoryMb: 8192: what runs there may use" in done.stdout
    assert "there is room for 7168 (8192 less 1024 for Docker and the system)" in done.stdout
    assert "By the vendors' own minima the profile full on one machine needs" in done.stdout
    assert "The specification's machine has 2 CPUs, 8192 MB and 100 GB: it does not fit (memory: " in done.stdout


def test_json_is_one_object_with_the_same_numbers() -> None:
    """For programs."""
    done = capacity("--stack", "backup", "--profile", "full", "--json")
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["ok"], facts["stack"], facts["profile"]) == (1, False, "backup", "full")
    (host,) = facts["hosts"]
    assert host["memory"]["used"] == sum(one["memoryMb"]["limit"] for one in host["containers"] if not one["passing"])
    assert {"service", "container", "cpu", "memoryMb", "diskMb", "connections", "source", "passing"} == set(
        host["containers"][0]
    )
    assert facts["databaseServers"][0]["connections"]["room"] == 97
    assert any("memoryMb" in problem for problem in facts["problems"])


def test_the_picture_is_written_where_one_says(tmp_path: Path) -> None:
    """Beside the table."""
    file = tmp_path / "picture.svg"
    done = capacity("--stack", "backup", "--svg", str(file))
    assert done.returncode == 0
    assert file.read_text(encoding="utf-8").startswith("<svg ")


def test_a_profile_that_there_is_none_of_is_bad_input() -> None:
    """With those that there are."""
    done = capacity("--profile", "half")
    assert done.returncode == 2
    assert "--profile half: there is no such profile. Fix: one of: core, full" in done.stderr


def test_a_stack_that_there_is_none_of_is_bad_input() -> None:
    """With those that there are."""
    done = capacity("--stack", "moon")
    assert done.returncode == 2
    assert "Pulumi.moon.yaml: there is no such file" in done.stderr
