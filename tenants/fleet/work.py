"""What a run on many tenants does with one: brings it up or looks ahead, tells how that ended, and never raises.

What the engine said is told in a few lines, without anything that is secret here.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from deploy.engine_run import EngineFailed
from deploy.locks import Locked
from deploy.state import NoRoom
from tenants import lifecycle
from tenants.fleet.files import Files
from tenants.fleet.health import Check, unwell
from tenants.fleet.limits import refused_for
from tenants.fleet.runner import Done, Outcome
from tenants.lifecycle import Applied
from tenants.registry import Entry, RegistryError
from tenants.session import PlatformSession
from tenants.steps import steps
from tenants.vault_session import VaultSession

__all__ = ["Work", "masked", "summed_up"]

LOCKED_S = 5.0
LINES, LENGTH = 4, 700
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_OF = re.compile(r"\S+ \(\S+\):")  # a type and a name, above what is said of them
_FOLLOWS = re.compile(r"context canceled|update failed|preview failed|resource monitor shut")
_JUDGED = re.compile(r"^- \[mandatory\]")


@dataclass(frozen=True, kw_only=True)
class Work:
    """On the tenants of one platform."""

    session: PlatformSession
    entries: Mapping[str, Entry]
    files: Files
    say: Callable[[str], None]
    ahead: bool = False
    """Only look what would change."""
    checks: Sequence[Check] | None = None

    def act(self, slug: str) -> Done:
        """Does the work for one tenant: waits for the vendors' limits, runs the engine, looks at its health."""
        try:
            self.files.check(slug)
            applied = self._done(self.entries[slug])
        except Exception as error:
            return self._failed(slug, error)
        changes = applied.outcome.changed
        outcome = Outcome.CHANGED if changes else Outcome.UNCHANGED
        return Done(slug=slug, outcome=outcome, changes=changes, seconds=applied.seconds)

    def health(self, done: Sequence[Done]) -> dict[str, str]:
        """Of those that ended well, who is not well."""
        if self.ahead:
            return {}
        login, vault = self.session.secrets.vault, self.session.platform.vault
        vault_session = VaultSession(vault.local_port, login, self.session.stack) if vault and login else None
        try:
            with ThreadPoolExecutor(max_workers=4) as several:
                tenants = [self.entries[one.slug].tenant for one in done]
                found = several.map(
                    lambda one: (one.slug, unwell(self.session, one, vault_session, self.checks)), tenants
                )
                unwell_ones = {slug: self._without_secrets(why) for slug, why in found if why}
            for slug in unwell_ones:
                self.session.known.forget(self.session.stack_of(slug))
            return unwell_ones
        finally:
            if vault_session is not None:
                vault_session.close()

    def costs(self, slug: str) -> Mapping[str, float]:
        """How many requests of a vendor that counts them a tenant's run will make, at most. None where nothing is new:
        the engine compares with the state.
        """
        tenant = self.entries[slug].tenant
        if slug in self.session.stacks and lifecycle.is_judged(self.session, tenant):
            return {}
        counted: Counter[str] = Counter()
        for step in steps():
            counted.update(step.requests(tenant, self.session.platform))
        return dict(counted)

    def _done(self, entry: Entry) -> Applied:
        say = lambda text: self.say(f"{entry.tenant.slug}: {text}")  # noqa: E731 - a function for one call
        if self.ahead:
            return lifecycle.look_ahead(self.session, entry, say)
        return lifecycle.bring_up(self.session, entry, say)

    def _failed(self, slug: str, error: Exception) -> Done:
        said = error.said if isinstance(error, EngineFailed) else str(error) or type(error).__name__
        refused_s = refused_for(said) if isinstance(error, EngineFailed) else None
        again_in_s = LOCKED_S if isinstance(error, Locked) else refused_s
        return Done(
            slug=slug,
            outcome=Outcome.FAILED,
            why=self._without_secrets(summed_up(said) if isinstance(error, EngineFailed) else said),
            again_in_s=again_in_s,
            refused=refused_s is not None,
            ends_all=isinstance(error, RegistryError | NoRoom),
            edited=isinstance(error, RegistryError),
        )

    def _without_secrets(self, text: str) -> str:
        return masked(text, _secrets(self.session))


def summed_up(said: str) -> str:
    """What an operator needs of the engine's output: the lines that say what went wrong."""
    lines = [line.strip() for line in _COLOURS.sub("", said).splitlines() if line.strip()]
    errors, where = [], ""
    for line in lines[lines.index("Diagnostics:") :] if "Diagnostics:" in lines else lines:
        if line.startswith("error:") and not _FOLLOWS.search(line):
            errors.append(f"{where} {line}".strip())
        where = line if _OF.fullmatch(line) else where
    judged = [line for line in lines if _JUDGED.search(line)]
    kept = list(dict.fromkeys([*errors, *judged] or lines[-LINES:]))[:LINES]
    return " | ".join(kept)


def masked(text: str, secrets: Sequence[str]) -> str:
    """The text without these, and not too long."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return text if len(text) <= LENGTH else f"{text[:LENGTH]}…"


def _secrets(session: PlatformSession) -> list[str]:
    """Every secret that this process has handed to anybody."""
    found = [*session.encryption.environ().values(), session.place.environ.get("PULUMI_CONFIG_PASSPHRASE", "")]
    for value in dataclasses.asdict(session.secrets).values():
        found += value.values() if isinstance(value, dict) else [value]
    addresses = {session.platform.vault.address} if session.platform.vault else set()
    return [str(one) for one in found if one and len(str(one)) >= 8 and one not in addresses]
