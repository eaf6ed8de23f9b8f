"""Gets an engine for a clone, by the first route that works.

In this order: a `pulumi` of the user's own, the cache, the release archive, a build. It installs
nothing outside the clone and the cache folder. A route that fails says one line and the next is tried;
only an archive that isn't what was released ends the attempt.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Collection
from pathlib import Path
from typing import get_args

from engine import Engine, Route, archive, cache, pin
from engine.archive import Unavailable
from engine.build import build
from engine.place import HOST, place, write_stamp
from kept.operator_error import OperatorError
from kept.say import Say

__all__ = ["ROUTES", "NoEngine", "get"]

ROUTES: tuple[Route, ...] = get_args(Route)

FILL: dict[Route, tuple[str, Callable[[Path, Say], None]]] = {
    "archive": ("release archive", archive.fetch),
    "build": ("build", build),
}


class NoEngine(OperatorError):
    """Every route failed; the message lists why."""


def get(clone: Path, say: Say, routes: Collection[Route] = ROUTES) -> Engine:
    """Put an engine into the clone's virtualenv and say where it is."""
    venv = clone / ".venv"
    failures: list[str] = []
    if "path" in routes:
        try:
            own = on_path(venv)
        except Unavailable as reason:
            failures.append(str(reason))
        else:
            write_stamp(own, venv)
            return own
    versions = cache.root() / "engine" / pin.VERSION
    with cache.locked(versions / "lock", say, "another set-up is getting the engine; waiting for it"):
        cache.remove_leftovers(versions)
        route = _cached(routes) or _filled(routes, say, failures)
    if route is None:
        raise NoEngine("no route gave an engine:" + "".join(f"\n  - {reason}" for reason in failures))
    folder = cache.engine_folder(route)
    return place(folder, Engine(folder / "pulumi", pin.VERSION, route), venv)


def on_path(venv: Path) -> Engine:
    """The user's own engine, if it is one that suits."""
    bin_folder = str((venv / "bin").resolve())
    elsewhere = [
        entry
        for entry in os.environ.get("PATH", os.defpath).split(os.pathsep)
        if entry and str(Path(entry).resolve()) != bin_folder
    ]
    found = shutil.which("pulumi", path=os.pathsep.join(elsewhere))
    if found is None:
        raise Unavailable("there is no pulumi on PATH")
    path = Path(found).resolve()
    if not os.access(path.with_name(HOST), os.X_OK):
        raise Unavailable(f"{found} on PATH has no {HOST} beside it")
    try:
        answer = subprocess.run(  # noqa: S603  the user's own pulumi
            [path, "version"],
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"{found} on PATH does not run: {error}") from error
    version = answer.stdout.strip().removeprefix("v")
    if not pin.is_compatible(version):
        raise Unavailable(f"{found} on PATH is {version or 'of unknown version'}, not {pin.VERSION} or newer")
    return Engine(path, version, "path")


def _cached(routes: Collection[Route]) -> Route | None:
    for route in FILL:
        if route in routes and (cache.engine_folder(route) / "pulumi").is_file():
            return route
    return None


def _filled(routes: Collection[Route], say: Say, failures: list[str]) -> Route | None:
    for route, (label, fill) in FILL.items():
        if route not in routes:
            continue
        try:
            fill(cache.engine_folder(route), say)
        except Unavailable as reason:
            failures.append(f"{label}: {reason}")
            say(failures[-1])
        else:
            return route
    return None
