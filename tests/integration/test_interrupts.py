"""Ctrl-C at a terminal: SIGINT to the whole group, at several moments of `up` and of `tenant apply`.

Each ends in words within a bound, with exit code 130, its lock given back; and the next run ends as an undisturbed one.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from tests.integration.conftest import Clone
from tests.integration.test_demo import last_json

pytestmark = pytest.mark.slow

BOUND_S = 60.0
SLUG = "interrupted"
FILE = f"rut: 78123456-7\nname: Interrupted\ndomain: {SLUG}.smarterbot.cl\n"


def interrupted(clone: Clone, words: tuple[str, ...], when: Callable[[], bool]) -> str:
    """Starts a command as a terminal does, interrupts it when something is so, and answers what it said."""
    file = clone.home.folder.parent / "said.txt"
    with file.open("wb") as said:
        running = subprocess.Popen(
            [str(clone.root / "smos"), *words],
            cwd=clone.root,
            env=clone.environ,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + BOUND_S
        while not when() and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert running.poll() is None, f"it ended before it was interrupted:\n{file.read_text()}"
        os.killpg(running.pid, signal.SIGINT)
        try:
            running.wait(BOUND_S)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            raise
    given = file.read_text()
    assert running.returncode == 130, given
    assert "interrupted; run the same command again" in given
    assert "Traceback" not in given, given
    return given


def locks(clone: Clone) -> list[str]:
    """The engine's locks that are held."""
    return [str(one) for one in (clone.home.state / ".pulumi" / "locks").rglob("*.json")]


def after(seconds: float) -> Callable[[], bool]:
    """So long after the start."""
    begun = time.monotonic()
    return lambda: time.monotonic() - begun > seconds


def made(clone: Clone, least: int) -> Callable[[], bool]:
    """So many steps of the engine are in the state of `prod`."""
    file = clone.home.state / ".pulumi" / "stacks" / "smarteros" / "prod.json"
    return lambda: file.exists() and len(re.findall('"urn"', file.read_text())) >= least


def test_up_at_every_moment(fresh: Clone) -> None:
    """While the clouds start, while it looks ahead, with the first things made, and in the middle."""
    up = ("up", "prod", "--yes")
    interrupted(fresh, up, after(0.4))
    fresh.smos("sandbox", "start")
    interrupted(fresh, up, after(2.0))
    assert locks(fresh) == []
    for least in (8, 60):
        fresh.smos("sandbox", "fault", "slow", "--operation", "create", "--times", "60", "--seconds", "0.2")
        interrupted(fresh, up, made(fresh, least))
        assert locks(fresh) == []
    assert last_json(fresh.smos(*up, "--json").stdout)["ok"] is True
    assert last_json(fresh.smos(*up, "--json").stdout)["changes"] == 0


@pytest.fixture
def tenant(demo: Clone) -> Iterator[Clone]:
    """A clone in which there is one more tenant's file; the tenant is gone afterwards."""
    file = demo.home.folder / "registry" / f"{SLUG}.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(FILE)
    try:
        yield demo
    finally:
        demo.smos("tenant", "delete", SLUG, "--no-export", "--yes", "--confirm", SLUG, ok=None)
        file.unlink(missing_ok=True)


def test_a_tenants_apply_at_every_moment(tenant: Clone) -> None:
    """At its start, with its stack just made, and in the middle of what is made."""
    apply = ("tenant", "apply", SLUG)
    state = tenant.home.state / ".pulumi" / "stacks"

    def steps(least: int) -> Callable[[], bool]:
        def so_many() -> bool:
            files = list(state.glob(f"smarteros-tenants*/{SLUG}.json"))
            return bool(files) and len(re.findall('"urn"', files[0].read_text())) >= least

        return so_many

    interrupted(tenant, apply, after(0.3))
    for least in (1, 6, 14):
        tenant.smos("sandbox", "fault", "slow", "--operation", "create", "--times", "12", "--seconds", "0.4")
        interrupted(tenant, apply, steps(least))
        assert locks(tenant) == []
    assert last_json(tenant.smos(*apply, "--json").stdout)["ok"] is True
    assert last_json(tenant.smos(*apply, "--json").stdout)["changes"] == 0
