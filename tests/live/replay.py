"""Asks an account what the table says: is a right example accepted, is a wrong one refused?

Everything is made in a resource group of the run's own and taken away at once, case by case. What a wrong example
made because the vendor accepted it, is a disagreement, and goes the same way.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.engine_run import EngineFailed, run
from deploy.target import RunTarget
from kept.say import Say
from sandbox.core.compiler import sdk_version
from tests.live.account import Account
from tests.live.translation import replayable
from tests.sandbox.test_examples import Case

__all__ = ["COSTS_USD", "Finding", "replay"]

GROUP = "azure-native:resources:ResourceGroup"
PROGRAM = """
import json, pathlib
import pulumi

before = []
for one in json.loads(pathlib.Path("resources.json").read_text()):
    options = pulumi.ResourceOptions(depends_on=list(before), version=one["version"])
    before.append(pulumi.CustomResource(one["type"], one["name"], one["inputs"], options))
"""
COSTS_USD = {
    "azure-native:dbforpostgresql:Server": 0.40,
    "azure-native:app:ManagedEnvironment": 0.20,
    "azure-native:app:ContainerApp": 0.10,
    "azure-native:network:PrivateEndpoint": 0.02,
    "azure-native:cache:Redis": 0.10,
}
"""What one that lives for an hour costs at most; anything else a cent. Each case is taken for an hour."""
_OTHER_USD = 0.01


@dataclass
class Finding:
    """What came of one type."""

    cases: int = 0
    not_replayed: list[str] = field(default_factory=list)
    disagreements: list[dict[str, str]] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """As it stands in docs/live-checks.json."""
        return {
            "date": datetime.now(UTC).date().isoformat(),
            "cases": self.cases,
            "notReplayed": self.not_replayed,
            "disagreements": self.disagreements,
        }


class _Stop(Exception):
    """A limit is reached."""


@dataclass
class _Run:
    place: RunTarget
    folder: Path
    account: Account
    say: Say
    group: str
    mark: str
    spent_usd: float = 0.0
    ends: float = 0.0

    @property
    def stack(self) -> str:
        return f"live-{self.mark}"

    def pulumi(self, *arguments: str) -> str:
        return run(self.place, self.folder, *arguments, "--stack", self.stack, capture=True)

    def declare(self, resources: list[dict[str, Any]]) -> None:
        group = []
        if "azure-native" in self.account.packages:
            tags = {"purpose": "smarteros live checks; may be deleted"}
            inputs = {"resourceGroupName": self.group, "location": self.account.location, "tags": tags}
            group = [{"type": GROUP, "name": "group", "inputs": inputs}]
        dressed = [{**one, "version": sdk_version(one["type"].partition(":")[0])} for one in [*group, *resources]]
        (self.folder / "resources.json").write_text(json.dumps(dressed))

    def pay(self, tokens: Iterable[str]) -> None:
        """Counts what a case may cost before it is begun. Raises _Stop at a limit."""
        cost = sum(COSTS_USD.get(token, _OTHER_USD) for token in tokens)
        if time.monotonic() > self.ends:
            raise _Stop("the time is over")
        if self.spent_usd + cost > self.account.budget_usd:
            raise _Stop(f"the budget of {self.account.budget_usd:g} USD is used up")
        self.spent_usd += cost


def replay(
    place: RunTarget, folder: Path, account: Account, right: Iterable[Case], wrong: Iterable[Case], say: Say
) -> dict[str, Finding]:
    """Every case of the wanted types, within budget and time; answers what was found, type by type."""
    found: dict[str, Finding] = {}
    mark = secrets.token_hex(3)
    with _started(place, folder, account, say, mark) as live:
        for case, expected in [*((one, True) for one in right), *((one, False) for one in wrong)]:
            if not account.wants(case.token) or case.token == GROUP:
                continue
            finding = found.setdefault(case.token, Finding())
            try:
                _replay(live, case, expected, finding)
            except _Stop as limit:
                say(f"{case}: not replayed, {limit}")
                finding.not_replayed.append(f"{case.name}: {limit}")
    return {token: finding for token, finding in found.items() if finding.cases}


@contextmanager
def _started(place: RunTarget, folder: Path, account: Account, say: Say, mark: str) -> Iterator[_Run]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text("name: smarteros-live\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM)
    ends = time.monotonic() + account.minutes * 60
    live = _Run(place, folder, account, say, f"rg-smarteros-live-{mark}", mark, ends=ends)
    run(place, folder, "stack", "init", live.stack, capture=True)
    for key, value in account.config().items():
        live.pulumi("config", "set", key, value)
    try:
        live.declare([])
        live.pulumi("up", "--yes", "--skip-preview")
        yield live
    finally:
        say(f"taking away {live.group}; at most {live.spent_usd:.2f} USD were spent")
        try:
            live.pulumi("destroy", "--yes", "--skip-preview")
        except EngineFailed as failure:
            say(f"NOT taken away: delete the resource group {live.group} by hand. {failure}")


def _replay(live: _Run, case: Case, expected: bool, finding: Finding) -> None:
    """One case: what comes before it, then the thing itself, then nothing of both."""
    asked = replayable(case, live.account, live.group, live.mark)
    live.pay([case.token, *(one["type"] for one in asked.before)])
    try:
        live.declare(asked.before)
        failure = _made(live)
        if failure:
            finding.not_replayed.append(f"{case.name}: what comes before it was refused: {_short(failure)}")
            return
        live.declare([*asked.before, {"type": case.token, "name": "case", "inputs": asked.inputs}])
        refusal = _made(live)
        finding.cases += 1
        live.say(f"{case}: {'refused' if refusal else 'accepted'}")
        if bool(refusal) == expected:
            says = "accepted" if expected else "refused"
            text = _short(refusal) if refusal else "accepted"
            finding.disagreements.append({"case": case.name, "table": says, "vendor": text})
    finally:
        live.declare([])
        leftover = _made(live)
        if leftover:
            live.say(f"{case}: could not be taken away yet: {_short(leftover)}")


def _made(live: _Run) -> str:
    """The vendor's words against what is declared; nothing when it was made."""
    try:
        live.pulumi("up", "--yes", "--skip-preview")
    except EngineFailed as failure:
        return failure.said or str(failure)
    return ""


def _short(said: str) -> str:
    """The first line of an error."""
    lines = [line.strip() for line in said.splitlines() if "error:" in line]
    return (lines or said.strip().splitlines() or [""])[0][:300]
