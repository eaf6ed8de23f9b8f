"""The figures of the platform: the launcher, the demo from nothing and again, the program's own share, memory."""

from __future__ import annotations

import ast
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from bench.measure import Figure, MeasuredRunFailed, Watch, median_seconds, seconds, seconds_and_facts
from deploy.target import ROOT, without_pulumi
from kept.say import Say
from sandbox import client
from sandbox.home import Home

__all__ = ["figures"]

SMOS = str(ROOT / "smos")
TENANT = ("11.111.111-1", "Bench", "bench.smarterbot.cl")
PROGRAM = ("__main__.py", "components", "settings", "hosts")
SDKS = (
    "pulumi",
    "pulumi_azure_native",
    "pulumi_cloudflare",
    "pulumi_command",
    "pulumi_docker",
    "pulumi_postgresql",
    "pulumi_random",
    "pulumi_tls",
)


def figures(say: Say) -> Iterator[Figure]:
    """Each figure as soon as it is known."""
    environ = without_pulumi()
    say("the launcher")
    through_launcher = median_seconds([SMOS, "--help"], environ, ROOT)
    directly = median_seconds([sys.executable, str(ROOT / "cli"), "--help"], environ, ROOT)
    yield Figure("smos --help", round(through_launcher, 3), "s", 0.25)
    yield Figure("launcher's own share", round(max(0.0, through_launcher - directly), 3), "s", 0.05)
    with tempfile.TemporaryDirectory(prefix="smos-bench-") as folder:
        home = Home(Path(folder) / "sandbox")
        inside = {**environ, "SMOS_SANDBOX": str(home.folder)}
        try:
            yield from _demo(home, inside, say)
        finally:
            client.stop(home)
    with tempfile.TemporaryDirectory(prefix="smos-bench-") as folder:
        home = Home(Path(folder) / "sandbox")
        try:
            yield from _platform({**environ, "SMOS_SANDBOX": str(home.folder)}, say)
        finally:
            client.stop(home)


def _platform(environ: dict[str, str], say: Say) -> Iterator[Figure]:
    """The complete environment `prod`: its profile is full, or its settings are refused."""
    up = [SMOS, "up", "prod", "--yes", "--json"]
    say("the complete prod from nothing")
    seconds([SMOS, "sandbox", "start"], environ, ROOT)
    first, made = seconds_and_facts(up, environ, ROOT)
    yield Figure(f"complete prod up from nothing ({made['resources']} resources)", round(first, 1), "s", 45)
    say("prod again")
    again = []
    for _ in range(3):
        taken, facts = seconds_and_facts(up, environ, ROOT)
        if facts["changes"]:
            raise MeasuredRunFailed(f"{' '.join(up)}\nwas to change nothing, and changed {facts['changes']}")
        again.append(taken)
    yield Figure("no-change up", round(statistics.median(again), 1), "s", 12)


def _demo(home: Home, environ: dict[str, str], say: Say) -> Iterator[Figure]:
    def roots() -> list[psutil.Process]:
        running = home.running()
        return [psutil.Process(), *([psutil.Process(running.pid)] if running else [])]

    own = psutil.Process().memory_full_info().pss / 1e6
    say("the demo from nothing")
    with Watch(roots) as watch:
        first = seconds([SMOS, "demo", "--json"], environ, ROOT)
    yield Figure("demo after set-up", round(first, 1), "s", 60)
    say("the demo again")
    again = statistics.median(seconds([SMOS, "demo", "--json"], environ, ROOT) for _ in range(3))
    yield Figure("demo, second run", round(again, 1), "s", 20)
    yield Figure("peak memory of all processes", round(watch.peak_mb - own), "MB", 1000)
    say("a tenant")
    made = seconds([SMOS, "create", "tenant", *TENANT], environ, ROOT)
    yield Figure("tenant created", round(made, 2), "s", 5)
    unchanged = median_seconds([SMOS, "tenant", "apply", "bench"], environ, ROOT)
    yield Figure("tenant unchanged", round(unchanged, 2), "s", 1)
    say("the policy pack")
    yield Figure("policy pack on prod", round(_policy_share(environ), 2), "s", 1)
    say("the program's own share")
    yield Figure("program's share beyond SDK imports", round(_program_share(environ, roots), 2), "s", 2)


def _policy_share(environ: dict[str, str]) -> float:
    """What the pack adds to a preview: the median of the differences of runs in turn."""
    plain = 'eval "$(./smos sandbox env)"; pulumi preview --stack prod'
    differences = []
    for run in range(4):
        without = seconds(["bash", "-c", plain], environ, ROOT)
        differences.append(seconds(["bash", "-c", f"{plain} --policy-pack policy"], environ, ROOT) - without)
        if run == 0:
            differences.clear()  # the first also prepares the shell's environment
    return statistics.median(differences)


def _program_share(environ: dict[str, str], roots: Callable[[], list[psutil.Process]]) -> float:
    """CPU seconds of the program's process in an unchanged `up`, less those of a process that only imports its SDKs."""
    shares = []
    # As the program does it: without looking for garbage, and each resource's module when it is used.
    path = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
    late = f"{path}; from engine.sdk_patches.generated import load_late; load_late()"
    imports = f"import gc; gc.disable(); {late}; import {', '.join(sorted(set(_sdk_modules())))}; gc.freeze()"
    for _ in range(3):
        with Watch(roots, every_s=0.05, memory=False) as watch:
            seconds([SMOS, "up", "prod", "--yes"], environ, ROOT)
        program = max(cpu for command, cpu in watch.cpu_seconds.values() if "engine/program.py" in command)
        before = os.times()
        seconds([sys.executable, "-c", imports], environ, ROOT)
        after = os.times()
        spent = (after.children_user - before.children_user) + (after.children_system - before.children_system)
        shares.append(program - spent)
    return statistics.median(shares)


def _sdk_modules() -> Iterator[str]:
    """The SDK modules that the program's own files import."""
    files = [ROOT / PROGRAM[0], *(file for name in PROGRAM[1:] for file in (ROOT / name).rglob("*.py"))]
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
                if node.module == "pulumi_azure_native":
                    names = [f"{node.module}.{alias.name}" for alias in node.names if alias.name.islower()]
            yield from (name for name in names if name.split(".")[0] in SDKS)
