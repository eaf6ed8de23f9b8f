"""Where a run goes: the simulated clouds of this machine, or the real ones.

The program is the same for both; only the environment in which the engine is started differs.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import engine
from age_keyring import KeyringError
from deploy.engine_version import refuse_another_engine
from kept.operator_error import OperatorError
from settings import load_files, open_keyring
from settings.state import AzblobState, backend_of
from settings.target import Target, mismatch, signs

__all__ = [
    "ACCESS_PROJECT",
    "HOSTS_PROJECT",
    "PROJECT",
    "ROOT",
    "RunTarget",
    "Target",
    "WrongTarget",
    "agreed",
    "keeps_in",
    "overlays",
    "real",
    "without_pulumi",
]

ROOT = Path(__file__).resolve().parent.parent
PASSPHRASE = "shared/statePassphrase"  # noqa: S105 - where it is, not what it is
PROJECT = "smarteros"
HOSTS_PROJECT = "smarteros-hosts"
ACCESS_PROJECT = "smarteros-access"


class WrongTarget(OperatorError):
    """Target, backend, providers and project do not belong together; the text says which, and how to mend it."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class RunTarget:
    """What the engine is started with: its program, folders and environment."""

    target: Target
    pulumi: Path
    project: Path
    """The folder of the project `smarteros`, as the engine sees it."""
    hosts_project: Path
    scratch: Path
    """A private folder for what is needed during a run."""
    environ: Mapping[str, str] = field(repr=False)
    ssh_config: Path | None = None
    apart: bool = False
    """Whether engines get process groups of their own: who runs many ends them himself, Ctrl-C in the terminal does not
    reach them.
    """


def keeps_in(target: Target) -> Path:
    """The folder of what runs with a target keep on this machine: the clone's own, in no commit, or its sandbox's."""
    if target is Target.SANDBOX:
        from sandbox.home import Home

        return Home.of_clone().folder
    return ROOT / ".smos"


def overlays(target: Target) -> tuple[Path, ...]:
    """The folders that lie over the clone's tracked ones: a simulated run changes no tracked file."""
    return (keeps_in(target),) if target is Target.SANDBOX else ()


def real(stack: str = "") -> RunTarget:
    """The operator's own credentials, in the clone itself; with the state where that stack's settings want it."""
    found = engine.find()
    environ = found.environ()
    scratch = ROOT / ".smos" / "runs"
    refuse_another_engine(found, environ, scratch)
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = RunTarget(
        target=Target.REAL,
        pulumi=found.path,
        project=ROOT,
        hosts_project=ROOT / "hosts",
        scratch=scratch,
        environ=environ,
    )
    agreed(place)
    return replace(place, environ={**environ, **state_of(stack, environ)}) if stack else place


def state_of(stack: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that lead the engine to a stack's real state: its backend, and the passphrase from the keyring.

    Raises SettingsError, and WrongTarget when a shell says another backend than the settings.
    """
    state = load_files(stack, ROOT).state
    wanted = backend_of(state, ROOT)
    if wanted is None:
        return {}
    given = environ.get("PULUMI_BACKEND_URL", wanted)
    if given != wanted:
        raise WrongTarget(
            f"target: real, but PULUMI_BACKEND_URL is {given}, and smarteros:state in Pulumi.{stack}.yaml says "
            f"{wanted}. Nothing was started and no state was read. Fix: unset PULUMI_BACKEND_URL; or, where the login "
            "shall decide, smarteros:state: {kind: login}"
        )
    if wanted.startswith("file://"):
        Path(wanted.removeprefix("file://")).mkdir(parents=True, exist_ok=True, mode=0o700)
    found = {"PULUMI_BACKEND_URL": wanted}
    if isinstance(state, AzblobState):
        found["AZURE_STORAGE_ACCOUNT"] = state.account  # AZURE_STORAGE_KEY counts only beside it
    if not any(name in environ for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")):
        with contextlib.suppress(KeyringError):  # the guards say what is wrong with it
            passphrase = open_keyring(environ).find(PASSPHRASE)
            found |= {"PULUMI_CONFIG_PASSPHRASE": passphrase} if passphrase else {}
    return found


def agreed(place: RunTarget) -> RunTarget:
    """The same run target, once everything about it says its target. Raises WrongTarget; reads no state."""
    shell = os.environ.get("SMOS_TARGET")
    found = signs(place.environ, place.project)
    if place.target is Target.REAL:
        inside = signs(place.environ, Path.cwd())[-1]  # the operator stands in a shadow project
        found = (*found[:-1], inside if inside.target is Target.SANDBOX else found[-1])
    problem = mismatch(place.target, found, shell)
    if problem is not None:
        raise WrongTarget(problem)
    return place


def without_pulumi(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment without what would lead the engine elsewhere (a shell in which `sandbox env` was evaluated)."""
    return {
        name: value
        for name, value in (os.environ if environ is None else environ).items()
        if not name.startswith("PULUMI_")
    }
