"""State survives accidents: kill -9 in the middle of `up`, a full disk, a cut-off file.

`pytest tests/integration/test_state.py --kills 20 --kill-seed 7` kills more often, at other moments.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox import client
from tests.integration.conftest import Clone, copy_clone
from tests.integration.to_the_end import REFUSED, to_its_end

pytestmark = pytest.mark.slow

LAST = 190
"""Of the nearly two hundred resources of prod: the latest moment of a kill."""
IN_ONE_RUN = 3


def checkpoint(clone: Clone) -> Path:
    """The state of prod."""
    return clone.home.state / ".pulumi" / "stacks" / "smarteros" / "prod.json"


def known(clone: Clone) -> int:
    """How many resources the state knows by now."""
    file = checkpoint(clone)
    return file.read_text().count('"urn":') if file.exists() else 0


def existing(clone: Clone) -> Counter[tuple[str, str]]:
    """What exists in the simulated clouds for prod, by type and name: what was made twice counts twice. An image is its
    host's, under the name of whoever pulled it last, be it a tenant.
    """
    return Counter(
        (one["token"], one["urn"].rsplit("::", 1)[-1])
        for one in clone.inventory()
        if "::smarteros::" in one["urn"] and ":RemoteImage" not in one["token"]
    )


def interrupted(clone: Clone, moment: int, delay_s: float, whom: str) -> bool:
    """Starts `up` and kills it when the state knows so many resources; False when it had ended before."""
    with (clone.home.folder.parent / "killed.log").open("ab") as log:
        running = subprocess.Popen(
            [str(clone.root / "smos"), "up", "prod", "--yes"],
            cwd=clone.root,
            env=clone.environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + 120
    while known(clone) < moment and running.poll() is None:
        assert time.monotonic() < deadline, f"prod never had {moment} resources"
        time.sleep(0.02)
    time.sleep(delay_s)
    if running.poll() is not None:
        said = (clone.home.folder.parent / "killed.log").read_text()[-4000:]
        assert running.returncode == 0 or REFUSED.search(said), said  # of what the kill before this one left
        return False
    engines = [one for one in psutil.Process(running.pid).children(recursive=True) if one.name() == "pulumi"]
    if whom == "engine" and engines:
        engines[-1].kill()
    elif whom == "command":
        running.kill()
    else:
        os.killpg(running.pid, signal.SIGKILL)
    running.wait(30)
    return True


@pytest.fixture
def journeys(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Clone, random.Random, int]]:
    """A clone with a sandbox, the random moments, and how often to kill."""
    clone = copy_clone(tmp_path)
    try:
        yield clone, random.Random(request.config.getoption("--kill-seed")), request.config.getoption("--kills")  # noqa: S311 no secret
    finally:
        client.stop(clone.home)


def test_a_killed_up_is_mended_by_the_next_one(
    journeys: tuple[Clone, random.Random, int], demo: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed at random moments (everything, the command or the engine alone): the next `up` ends well, the one after
    changes nothing, and exactly what an uninterrupted run makes exists: nothing is missing, nothing was made twice.
    """
    clone, chance, kills = journeys
    left = kills
    while left:
        clone.smos("sandbox", "start")
        moments = sorted(chance.randint(0, LAST) for _ in range(min(left, IN_ONE_RUN)))
        for moment in moments:
            whom = chance.choice(["all", "all", "command", "engine"])
            delay_s = chance.uniform(0, 0.4)
            hit = interrupted(clone, moment, delay_s, whom)
            with capsys.disabled():
                what = f"{operations(clone)} pending" if hit else "it had ended"
                print(f"\n  killed {whom} at {moment} resources: {what}", end="")
            left -= 1
        mended = to_its_end(clone, "up", "prod", "--yes", "--json")
        assert last_json(mended.stdout)["ok"] is True
        again = last_json(clone.smos("up", "prod", "--yes", "--json").stdout)
        assert again["changes"] == 0, again
        assert existing(clone) == existing(demo)
        if left:
            clone.smos("sandbox", "reset")


def operations(clone: Clone) -> int:
    """How many operations the state has begun and not ended."""
    held = json.loads(checkpoint(clone).read_bytes()) if checkpoint(clone).exists() else {"checkpoint": {}}
    return len((held["checkpoint"].get("latest") or {}).get("pending_operations") or [])


def last_json(output: str) -> dict[str, Any]:
    """The last line, which is one JSON object."""
    found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return found


def test_a_plain_run_in_a_mixed_shell_declares_nothing(demo: Clone) -> None:
    """`sandbox env`, then one of its variables changed by hand: the shell's `pulumi` stops; with the engine called by
    its path the program itself does, with what disagrees.
    """
    for script, named in (
        ("unset SMOS_TARGET", "backend: sandbox"),
        ("export SMOS_TARGET=real", "providers: sandbox"),
        (f"export PULUMI_OPTION_CWD={demo.root}", "project: real"),
    ):
        for command in ("preview", "destroy --yes", "refresh --yes"):
            refused = demo.shell(f"{script}\npulumi {command} --stack prod", ok=False)
            assert refused.returncode == 2
            assert "no longer the sandbox's; nothing was done" in refused.stderr
        done = demo.shell(f'{script}\n"$SMOS_ENGINE" preview --stack prod', ok=False)
        said = done.stdout + done.stderr
        assert "not everything around this run agrees" in said, said
        assert named in said
        assert "nothing was declared" in said
        assert " to create" not in said


def test_a_cut_off_state_is_refused_and_comes_back(demo: Clone) -> None:
    """A full disk cut it off: `up` names the command, the command brings it back, `up` finds nothing to do."""
    demo.smos("up", "prod", "--yes", "--json")
    file = checkpoint(demo)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    refused = demo.smos("up", "prod", "--yes", ok=False)
    assert "./smos state restore prod" in refused.stderr
    assert "cut off or damaged" in refused.stderr
    demo.smos("state", "restore", "prod", "--yes")
    assert last_json(demo.smos("up", "prod", "--yes", "--json").stdout)["changes"] == 0
