"""The figures of runs on many tenants: what one costs, whether the hundredth costs as much as the first, and how many a
plain loop over the same tenants takes.

Everything happens in a sandbox of its own, with tenants that are made up for it. What is measured are processor seconds
of whole processes, which a loaded machine changes less than it changes the time on the clock.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from bench.measure import Figure, MeasuredRunFailed, seconds
from deploy.target import ROOT, without_pulumi
from kept.say import Say
from sandbox import client
from sandbox.home import Home
from tenants.rut import check_digit

__all__ = ["Measured", "figures", "measure", "synthetic"]

SMOS = str(ROOT / "smos")
WORKERS = 2
LOOP = 10
"""So many tenants are compared with a plain loop."""
ROUNDS = 3
UNCHANGED_CORE_S, CREATED_CORE_S, RATIO, WORKER_MB, FLAT = 0.40, 1.0, 4.0, 220.0, 1.15
CHANGED, CHANGED_S = 3, 15.0
"""So many of all tenants changed, and how long such a run may take on the clock, by itself."""


@dataclass
class Measured:
    """What was measured, as it is kept: nothing in it is reckoned from anything but itself."""

    at: str = ""
    cores: int = 0
    load: list[float] = field(default_factory=list)
    """Of the machine, before and after: other work makes every figure worse."""
    resources: int = 0
    nobody_core_s: float = 0.0
    """What a run on no tenant at all takes: its own start."""
    sizes: list[dict[str, Any]] = field(default_factory=list)
    """By number of tenants: what a run that made them took, and one that changed nothing."""
    loop: dict[str, Any] = field(default_factory=dict)
    """The plain loop and the fleet over the same tenants, in turn."""

    def marginal(self, key: str) -> list[float]:
        """What one tenant more costs from each run to the next larger one, this machine's own share and the simulated
        clouds'. What all of a run's tenants share (imports, the policies' start) is nobody's.
        """
        many = "made" if key == "created_core_s" else "tenants"
        before, found = (0, self.nobody_core_s), []
        for size in self.sizes:
            now = (int(size[many]), float(size[key]))
            found.append((now[1] - before[1]) / (now[0] - before[0]))
            before = now
        return found

    def each(self, key: str) -> list[float]:
        """A run's costs by its tenants, without those of a run on nobody."""
        many = "made" if key == "created_core_s" else "tenants"
        return [(float(size[key]) - self.nobody_core_s) / int(size[many]) for size in self.sizes]


def figures(found: Measured) -> list[Figure]:
    """The measured figures, each beside the one that is promised."""
    unchanged = found.marginal("unchanged_core_s")
    steady = unchanged[1:] or unchanged  # the first tenant also pays for what all import
    first, largest = found.sizes[0], found.sizes[-1]
    created = found.each("created_core_s")[0]
    if largest is not first:  # over all runs: a small one alone is short, and what else the machine does shows
        created = (largest["created_core_s"] - first["created_core_s"]) / (largest["made"] - first["made"])
    return [
        Figure("tenant unchanged", round(max(steady), 2), "core-s", UNCHANGED_CORE_S),
        Figure("tenant created", round(created, 2), "core-s", CREATED_CORE_S),
        *_few(largest),
        Figure("plain loop's share of the fleet's throughput", round(1 / found.loop["ratio"], 3), "", 1 / RATIO),
        Figure("memory a worker", round(largest["peak_memory_mb"] / found.loop["workers"]), "MB", WORKER_MB),
        Figure("dearest size to cheapest", round(max(steady) / min(steady), 2), "", FLAT),
    ]


def _few(size: dict[str, Any]) -> list[Figure]:
    """Of a run on all when few have changed; nothing where that was not measured."""
    if "few_seconds" not in size:
        return []
    return [Figure(f"{size['tenants']} tenants, {size['few']} of them changed", size["few_seconds"], "s", CHANGED_S)]


def synthetic(folder: Path, numbers: Sequence[int], domain: str) -> None:
    """Files of tenants that nobody has."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        body = str(50_000_000 + number)
        slug = f"bench-{number:04d}"
        text = f"rut: {body}-{check_digit(body)}\nname: Bench {number}\ndomain: {slug}.{domain}\nwave: 5\n"
        (folder / f"{slug}.yaml").write_text(text)


def measure(tenants: int, say: Say, *, full: bool = False) -> Measured:
    """Makes a platform, then 1, 10, 100… tenants on it, and measures each. `full`: up to a thousand."""
    sizes = [one for one in (1, 10, 100, 1000) if one <= (1000 if full else tenants)]
    with tempfile.TemporaryDirectory(prefix="smos-bench-") as folder:
        home = Home(Path(folder) / "sandbox")
        environ = {**without_pulumi(), "SMOS_SANDBOX": str(home.folder)}
        try:
            say("a platform")
            seconds([SMOS, "demo", "--json"], environ, ROOT)
            return _Bench(home, Path(folder) / "registry", environ, say).run(sizes)
        finally:
            client.stop(home)


class _Bench:
    def __init__(self, home: Home, registry: Path, environ: dict[str, str], say: Say) -> None:
        self._home, self._registry, self._environ, self._say = home, registry, environ, say
        self._domain = _domain()

    def run(self, sizes: Sequence[int]) -> Measured:
        """Everything, from the smallest size to the largest."""
        found = Measured(at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", cores=os.cpu_count() or 0)
        found.load.append(round(os.getloadavg()[0], 1))
        self._registry.mkdir()
        found.nobody_core_s = statistics.median(self._fleet()["all_core_s"] for _ in range(ROUNDS))
        done = 0
        for size in sizes:
            found.sizes.append(self._size(done, size))
            done = size
            if size == LOOP:
                found.loop = self._against_a_loop()
        found.resources = self._resources()
        found.load.append(round(os.getloadavg()[0], 1))
        return found

    def _size(self, before: int, size: int) -> dict[str, Any]:
        self._say(f"{size - before} tenants made")
        synthetic(self._registry, range(before, size), self._domain)
        others = {file: file.read_text() for file in sorted(self._registry.iterdir())[:before]}
        for file in others:  # only the new ones are reached
            file.unlink()
        made = self._fleet()
        for file, text in others.items():
            file.write_text(text)
        self._say(f"{size} tenants unchanged")
        rounds = [self._fleet() for _ in range(ROUNDS if size <= 10 else 1)]
        middle = sorted(rounds, key=lambda one: float(one["all_core_s"]))[len(rounds) // 2]
        if made["changed"] != size - before or middle["unchanged"] != size:
            raise MeasuredRunFailed(f"not all came out as they should: {made}, {middle}")
        return {
            "tenants": size,
            "made": size - before,
            "created_core_s": made["all_core_s"],
            "created_own_core_s": made["core_seconds"],
            "created_seconds": made["seconds"],
            "unchanged_core_s": middle["all_core_s"],
            "unchanged_own_core_s": middle["core_seconds"],
            "unchanged_seconds": middle["seconds"],
            **self._few(size),
            "peak_memory_mb": max(one["peak_memory_mb"] for one in (made, *rounds)),
        }

    def _few(self, size: int) -> dict[str, Any]:
        """A run as an operator types it, after a change of a few files: the others are known to be unchanged."""
        few = min(CHANGED, size)
        self._say(f"{size} tenants, {few} of them changed")
        for file in sorted(self._registry.iterdir())[:few]:
            file.write_text(file.read_text().replace("name: Bench", f"name: Bench of {size},"))
        begun = time.monotonic()
        done = self._run("known", WORKERS)
        taken = time.monotonic() - begun
        if done["known"] != size - few or done["unchanged"] + done["changed"] != size:
            raise MeasuredRunFailed(f"{size - few} tenants were to be known to be unchanged: {done}")
        return {"few": few, "few_seconds": round(taken, 1), "few_core_s": done["all_core_s"]}

    def _against_a_loop(self) -> dict[str, Any]:
        """Each tenant once by a plain loop, once by the fleet, in turn: what disturbs one disturbs the other."""
        loops, fleets = [], []
        for number in range(ROUNDS):
            self._say(f"{LOOP} tenants by a plain loop, and by the fleet ({number + 1} of {ROUNDS})")
            loops.append(self._run("loop", 1))
            fleets.append(self._fleet())
        loop_s, fleet_s = (statistics.median(float(one["seconds"]) for one in some) for some in (loops, fleets))
        cores = [statistics.median(float(one["all_core_s"]) for one in some) / LOOP for some in (loops, fleets)]
        return {
            "tenants": LOOP,
            "workers": WORKERS,
            "loop_seconds": round(loop_s, 2),
            "fleet_seconds": round(fleet_s, 2),
            "ratio": round(loop_s / fleet_s, 2),
            "loop_core_s": round(cores[0], 3),
            "fleet_core_s": round(cores[1], 3),
        }

    def _fleet(self) -> dict[str, Any]:
        return self._run("fleet", WORKERS)

    def _run(self, kind: str, workers: int) -> dict[str, Any]:
        """One run in a process of its own; `all_core_s` is that of the simulated clouds, too."""
        command = [sys.executable, "-m", "bench.fleet_run", kind, str(self._registry), str(workers)]
        before, began = self._clouds_core_s(), os.times()
        done = subprocess.run(  # noqa: S603  our own command
            command, env=self._environ, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        ended = os.times()
        if done.returncode != 0:
            raise MeasuredRunFailed(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        if facts.get("failed"):
            raise MeasuredRunFailed(f"{' '.join(command)}\n{facts}")
        own = sum(getattr(ended, key) - getattr(began, key) for key in ("children_user", "children_system"))
        time.sleep(0.2)  # what the clouds still do for it
        return {**facts, "core_seconds": round(own, 3), "all_core_s": round(own + self._clouds_core_s() - before, 3)}

    def _clouds_core_s(self) -> float:
        running = self._home.running()
        if running is None:
            raise MeasuredRunFailed("the simulated clouds do not run any more")
        server = psutil.Process(running.pid)
        total = 0.0
        for process in [server, *server.children(recursive=True)]:
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return total

    def _resources(self) -> int:
        """How many resources one of the tenants has, providers and components included."""
        (file,) = (self._home.state / ".pulumi" / "stacks").glob("*/bench-0000.json")
        return len(json.loads(file.read_text())["checkpoint"]["latest"]["resources"])


def _domain() -> str:
    from settings import load_files

    return load_files("prod", ROOT).domain
