"""`./smos check --plugins`: finds official plugins, runs the lives through them, writes down what came of it."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from sandbox.vendors import packages
from tests.plugins.docker_socket import why_no_docker
from tests.plugins.installed import USED, Plugin, installed
from tests.plugins.lives import LIVES, Result, live
from tests.plugins.record import RECORD, remember
from tests.plugins.surroundings import environment

__all__ = ["main"]


def _say(text: str) -> None:
    print(text, flush=True)


def main(arguments: list[str]) -> int:
    """0 when every step went as it must, 1 when one did not, 2 when there is no plugin to check with."""
    parser = argparse.ArgumentParser(prog="smos check --plugins", description=__doc__)
    parser.add_argument("--life", action="append", choices=sorted(LIVES), help="only this one; repeatable")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 16), help="of the kills")
    parser.add_argument("--record", type=Path, default=RECORD, help="where the outcome is written")
    wished = parser.parse_args(arguments)
    plugins = _found()
    if not plugins:
        _say("no official plugin is here: nothing was checked")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="smos-plugins-"))
    _say(f"kills: --seed {wished.seed}; what the steps say: {folder}")
    chance = random.Random(wished.seed)  # noqa: S311  moments of kills, no secret
    results: list[Result] = []
    for name in wished.life or LIVES:
        environ = environment(folder, plugins_of(name, plugins), os.environ)
        results += live(name, environ, folder, chance, _say)
    remember(wished.record, plugins, results, datetime.now(UTC).date())
    return _summary(results, len(wished.life or LIVES))


def plugins_of(life: str, plugins: list[Plugin]) -> list[Plugin]:
    """Docker's works on this machine's own engine: the other lives' hosts are simulated machines."""
    return [one for one in plugins if one.package != "docker" or life == "local"]


def _found() -> list[Plugin]:
    """The plugins that the lives run through; says of every package why it is among them, or not."""
    found: list[Plugin] = []
    refused: dict[str, str] = {}
    for one in installed(os.environ):
        if isinstance(one, Plugin):
            found.append(one)
        else:
            _say(f"left out: {one}")
    no_docker = why_no_docker(os.environ)
    if not no_docker and not {"postgresql", "vault"} <= {one.package for one in found}:
        no_docker = "real containers hold real servers, and the plugins of PostgreSQL and Vault are not both here"
    if no_docker:
        refused["docker"] = no_docker
        found = [one for one in found if one.package != "docker"]
    there = {one.package: one for one in found}
    for package in sorted(one.name for one in packages()):
        if package in there:
            plugin = there[package]
            pinned = "" if plugin.is_pinned else ", not the SDK's version"
            _say(f"{package:<13} official plugin {plugin.version}{pinned}: {plugin.program}")
        elif package in refused:
            _say(f"{package:<13} simulated: {refused[package]}")
        else:
            why = "no plugin on PATH or in PULUMI_HOME" if package in USED else "its plugin would leave this machine"
            _say(f"{package:<13} simulated: {why}")
    return found


def _summary(results: list[Result], lives: int) -> int:
    failed = [result for result in results if result.why]
    for result in failed:
        _say(f"FAILED {result.life}: {result.step}: {result.why}")
    _say(f"{lives} lives, {len(results)} steps, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
