"""What restarts unhealthy containers on a host, as the bootstrap writes it, against a stand-in for `docker`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.hosts.test_bootstrap import WANTED, Box

NAME = "usr/local/sbin/smarteros-restart-unhealthy"
DOCKER = """#!/bin/bash
case "$1" in
  ps)
    case " $* " in *" --filter label=smarteros.system "*) ;; *) exit 1 ;; esac
    cut -d' ' -f1 "$CONTAINERS" ;;
  inspect) cat "$CONTAINERS" ;;
  restart) echo "$2" >> "$CONTAINERS.restarted"; exit "${DOCKER_SAYS:-0}" ;;
  *) exit 64 ;;
esac
"""
NOON = 1_800_000_000


@dataclass
class Host:
    """A host's script, clock and containers."""

    folder: Path
    script: Path

    def minute(self, now: int, containers: Iterable[tuple[str, int, str]], **more: str) -> tuple[list[str], list[str]]:
        """One run at that time, over (name, started, health): which were restarted, and what it said."""
        listed, done = self.folder / "containers", self.folder / "containers.restarted"
        done.unlink(missing_ok=True)
        lines = [f"id-{name} {name} {_as_docker_says(started)} {health}" for name, started, health in containers]
        listed.write_text("".join(f"{line}\n" for line in lines))
        environment = {
            "PATH": f"{self.folder}/bin:/usr/bin:/bin",
            "STATE": str(self.folder / "run"),
            "CONTAINERS": str(listed),
            "NOW": str(now),
            **more,
        }
        ran = subprocess.run(["bash", str(self.script)], env=environment, capture_output=True, text=True, check=True)
        restarted = done.read_text().split() if done.exists() else []
        return restarted, ran.stdout.splitlines()


def _as_docker_says(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.123456789Z")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    box = Box(tmp_path / "box")
    done = box.run(WANTED)
    assert done.returncode == 0, done.stderr
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(DOCKER)
    (tmp_path / "bin" / "docker").chmod(0o755)
    return Host(tmp_path, box.root / NAME)


def test_one_that_was_healthy_and_no_longer_is_is_restarted_and_said(host: Host) -> None:
    """The others are left alone: healthy, still starting, without a health check."""
    others = [("starting", NOON, "starting"), ("fine", NOON, "healthy"), ("unwatched", NOON, "none")]
    assert host.minute(NOON + 60, [("n8n", NOON, "healthy"), *others]) == ([], [])
    restarted, said = host.minute(NOON + 120, [("n8n", NOON, "unhealthy"), *others])
    assert restarted == ["n8n"]
    assert said == ["restarted: n8n was unhealthy (1 of 3 within the hour)"]


def test_one_that_is_still_coming_up_has_half_an_hour(host: Host) -> None:
    """A migration may take longer than its health check allows, and must not be ended in the middle."""
    assert host.minute(NOON + 1700, [("chatwoot", NOON, "unhealthy")]) == ([], [])
    assert host.minute(NOON + 1801, [("chatwoot", NOON, "unhealthy")])[0] == ["chatwoot"]
    # Anew: what it was before its last start does not count.
    host.minute(NOON + 2000, [("chatwoot", NOON + 1801, "healthy")])
    assert host.minute(NOON + 2400, [("chatwoot", NOON + 2100, "unhealthy")]) == ([], [])


def test_three_times_an_hour_and_no_more(host: Host) -> None:
    """A restart that does not help is not tried for ever, and is told once; an hour later it is tried again."""

    def hangs_again(at: int) -> tuple[list[str], list[str]]:
        host.minute(at, [("n8n", at - 30, "healthy")])
        return host.minute(at + 60, [("n8n", at - 30, "unhealthy")])

    assert [hangs_again(NOON + offset)[0] for offset in (0, 300, 600)] == [["n8n"]] * 3
    restarted, said = hangs_again(NOON + 900)
    assert restarted == []
    assert said == ["left alone: n8n is unhealthy and was restarted 3 times within the hour: docker logs n8n"]
    assert host.minute(NOON + 1000, [("n8n", NOON + 870, "unhealthy")]) == ([], []), "said once"
    assert hangs_again(NOON + 4000)[0] == ["n8n"]


def test_each_has_its_own_bound_and_a_failure_is_no_end_of_the_run(host: Host) -> None:
    """What Docker could not restart is said, counts, and the next one has its turn."""
    host.minute(NOON, [("a", NOON - 9, "healthy"), ("b", NOON - 9, "healthy")])
    both = [("a", NOON - 9, "unhealthy"), ("b", NOON - 9, "unhealthy")]
    restarted, said = host.minute(NOON + 60, both, DOCKER_SAYS="1")
    assert restarted == ["a", "b"]
    assert said == ["failed: docker restart a", "failed: docker restart b"]


def test_nothing_runs_and_nothing_is_said(host: Host) -> None:
    """An empty host is no error."""
    assert host.minute(NOON, []) == ([], [])


def test_the_timer_is_on_from_the_bootstrap_on(tmp_path: Path) -> None:
    """It runs each minute, and again after a reboot."""
    box = Box(tmp_path)
    box.run(WANTED)
    assert "systemctl enable --quiet --now smarteros-restart-unhealthy.timer" in box.asked()
    units = box.root / "etc/systemd/system"
    assert "OnUnitInactiveSec=1min" in (units / "smarteros-restart-unhealthy.timer").read_text()
    assert (
        "ExecStart=/usr/local/sbin/smarteros-restart-unhealthy"
        in (units / "smarteros-restart-unhealthy.service").read_text()
    )
