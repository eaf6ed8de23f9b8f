"""Which clouds a run goes to, and whether everything around it agrees: shell, backend, providers, project folder.

Each of them is a sign of its own, and they must all say the same, because a run that is half simulated and half real
would write simulated resources into the real state or real ones into a throw-away state. Looks at the environment and
at one marker file; asks no backend and reads no state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from kept import Damaged, keep, mapping, words

__all__ = ["MARKER", "Sign", "Target", "backend_url", "mark", "mismatch", "refuse_wrong_target", "signs", "target_of"]

MARKER = ".smos-target"
"""Lies in the folder of a sandbox: its state, its shadow project and whatever else is below are simulated."""

VARIABLE = "SMOS_TARGET"
LEADING = ("PULUMI_BACKEND_URL", "PULUMI_DEBUG_PROVIDERS", "PULUMI_OPTION_CWD", "PULUMI_HOME", VARIABLE)


class Target(StrEnum):
    """Which clouds a run speaks to: the simulated ones of this machine, or the real ones."""

    SANDBOX = "sandbox"
    REAL = "real"


@dataclass(frozen=True)
class Sign:
    """One thing that says where a run would go."""

    what: str
    target: Target
    why: str


def signs(environ: Mapping[str, str], project: Path) -> tuple[Sign, ...]:
    """What the surroundings say: the backend, the providers, the project's folder."""
    backend = backend_url(environ, project)
    folder = _local(backend, project)
    attached = environ.get("PULUMI_DEBUG_PROVIDERS", "")
    return (
        Sign(
            "backend",
            Target.SANDBOX if folder is not None and _marked(folder) else Target.REAL,
            f"the state is in {backend or '(no backend chosen)'}",
        ),
        Sign(
            "providers",
            Target.SANDBOX if attached else Target.REAL,
            "PULUMI_DEBUG_PROVIDERS attaches simulated providers" if attached else "no simulated provider is attached",
        ),
        Sign("project", Target.SANDBOX if _marked(project) else Target.REAL, f"the project is in {project}"),
    )


def target_of(environ: Mapping[str, str]) -> Target:
    """The target that a shell was prepared for; the real clouds, when it was prepared for none."""
    try:
        return Target(environ.get(VARIABLE, Target.REAL))
    except ValueError:
        return Target.REAL


def mismatch(target: Target, found: tuple[Sign, ...], shell: str | None = None) -> str | None:
    """None when all say `target`; else what disagrees and how to mend it. `shell`: what SMOS_TARGET holds."""
    against = [f"{sign.what}: {sign.target} ({sign.why})" for sign in found if sign.target is not target]
    if shell is not None and shell != target.value:
        against.insert(0, f"shell: {shell} ({VARIABLE} says so)")
    if not against:
        return None
    if target is Target.REAL:
        mend = f"a new terminal, or `unset {' '.join(LEADING)}`, and stand in the clone; or leave the target at sandbox"
    else:
        mend = 'eval "$(./smos sandbox env)" in a new terminal, or ./smos, which prepares everything itself'
    lines = "\n  ".join(against)
    return (
        f"target: {target}, but not everything around this run agrees:\n  {lines}\n"
        f"Nothing was started and no state was read. Fix: {mend}"
    )


def refuse_wrong_target() -> None:
    """Stops the running program before it declares anything. For a plain run of the engine, which no command guards."""
    import os

    import pulumi
    from pulumi.runtime.settings import get_root_directory

    try:
        project = Path(get_root_directory() or Path.cwd())
    except Exception:  # a test's mocks have no project folder
        project = Path.cwd()
    problem = mismatch(target_of(os.environ), signs(os.environ, project), os.environ.get(VARIABLE))
    if problem is not None:
        raise pulumi.RunError(problem.replace("no state was read", "nothing was declared"))


def mark(folder: Path) -> None:
    """Makes a folder a sandbox's. Raises ValueError for one that holds the clone: it would be taken as simulated."""
    clone = Path(__file__).resolve().parent.parent
    if clone.is_relative_to(folder.resolve()):
        raise ValueError(
            f"{folder} can't be a sandbox: the clone lies in it. Fix: set SMOS_SANDBOX to a folder of its own"
        )
    file = folder / MARKER
    if not file.exists():
        keep(file, f"{Target.SANDBOX}\n")


def backend_url(environ: Mapping[str, str], project: Path) -> str:
    """Where the engine keeps state, by its own order: variable, project file, login. Empty: nowhere yet."""
    return (
        environ.get("PULUMI_BACKEND_URL")
        or str((_mapping(project / "Pulumi.yaml").get("backend") or {}).get("url") or "")
        or str(_login(environ).get("current") or "")
    )


def _login(environ: Mapping[str, str]) -> Mapping[str, Any]:
    home = Path(environ.get("PULUMI_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".pulumi")
    try:
        return mapping(home / "credentials.json", "")
    except (Damaged, OSError):
        return {}


def _mapping(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(words(file, ""))
    except (Damaged, OSError, yaml.YAMLError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _local(backend: str, project: Path) -> Path | None:
    """The folder of a state that is kept in files."""
    if not backend.startswith("file://"):
        return None
    path = Path(backend.removeprefix("file://").split("?")[0]).expanduser()
    return path if path.is_absolute() else project / path


def _marked(folder: Path) -> bool:
    folder = folder.resolve()
    return any((one / MARKER).exists() for one in (folder, *folder.parents))
