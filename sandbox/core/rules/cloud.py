"""The rules that look beyond the inputs: at what exists, and at what was there before a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox.core.records import Cloud, Record
from sandbox.core.rules.one import Failure, Phase, Rule
from sandbox.core.values import MISSING, UNKNOWN, Props, Value, is_set, lookup

__all__ = ["NeedsInCloud", "Refers", "Unchangeable", "Unique", "refusals"]


@dataclass(frozen=True, kw_only=True)
class Refers(Rule):
    """The id at `path` must be of something that exists, of one of the types `to`."""

    to: tuple[str, ...]
    phase: Phase = "cloud"

    @property
    def sentence(self) -> str:
        return self.says or f"must be the id of an existing {' or '.join(self.to)}"

    def faults(self, props: Props, cloud: Cloud, config: Props) -> Iterator[tuple[str, str]]:
        """As `examine`, for what exists."""
        for path, value in self.known(props):
            record = cloud.get(str(value))
            if record is None or record.token not in self.to:
                yield path, f"{value!r} {self.sentence}"


@dataclass(frozen=True, kw_only=True)
class Unique(Rule):
    """No other resource of the type may have the same values at `path` and at `within` (compared without case)."""

    within: tuple[str, ...] = ()
    phase: Phase = "cloud"
    token: str = ""
    """The type to compare with; filled in by `ResourceType`."""
    scope: Callable[[Props], str] | None = None
    """As `ResourceType.scope`: compare only with what the same daemon or server has."""
    kept: Callable[[Props], Props] | None = None
    """Inputs → as the vendor keeps them, where other spellings mean the same."""

    @property
    def sentence(self) -> str:
        return self.says or "is taken: it must be unique" + (f" within {', '.join(self.within)}" if self.within else "")

    def key(self, props: Props) -> tuple[str, ...]:
        """The values by which two resources of the type must differ."""
        props = self.kept(props) if self.kept is not None else props
        return tuple(str(lookup(props, path)).lower() for path in (self.path, *self.within))

    def key_of(self, record: Record) -> tuple[str, ...]:
        """The same of what exists."""
        paths = (self.path, *self.within)
        if paths not in record.known:
            record.known[paths] = self.key(record.inputs)
        found: tuple[str, ...] = record.known[paths]
        return found


@dataclass(frozen=True, kw_only=True)
class NeedsInCloud(Rule):
    """Anything else that what exists decides. `test(inputs, cloud, config)`: None when right, a reason when not."""

    test: Callable[[Props, Cloud, Props], str | None]
    phase: Phase = "cloud"


@dataclass(frozen=True, kw_only=True)
class Unchangeable(Rule):
    """A change that the vendor refuses (it neither updates nor replaces). `test(old, new)`: True when allowed."""

    test: Callable[[Value, Value], bool]
    absent: Value = MISSING
    """What it is where it is not given; without one, a value that was not there before may be anything."""

    def examine_change(self, old: Props, new: Props) -> Iterator[tuple[str, str]]:
        """(path, reason) of each forbidden change."""
        before, after = (
            found if is_set(found) or found is UNKNOWN else self.absent
            for found in (lookup(old, self.path), lookup(new, self.path))
        )
        if UNKNOWN in (before, after) or not is_set(before):
            return
        if not self.test(before, after):
            yield self.path, f"{before!r} → {after!r}: {self.sentence}"

    def examine(self, props: Props) -> Iterator[tuple[str, str]]:
        yield from ()


def refusals(rule: Rule, props: Props, cloud: Cloud, config: Props, own_id: str = "") -> Iterator[Failure]:
    """What one rule of phase "create" or "cloud" finds wrong."""
    if rule.when is not None and not rule.when(props):
        return
    code = f"{rule.code}: " if rule.code else ""
    if isinstance(rule, Refers):
        for path, reason in rule.faults(props, cloud, config):
            yield Failure(path, rule.id, code + reason)
    elif isinstance(rule, NeedsInCloud):
        answer = rule.test(props, cloud, config)
        if answer is not None:
            yield Failure(rule.path, rule.id, f"{code}{answer}: {rule.sentence}")
    elif isinstance(rule, Unique):
        mine = rule.key(props)
        for record in cloud.find(rule.token):
            if rule.scope is not None and record.scope not in ("", rule.scope(config)):
                continue
            if record.id.lower() != own_id.lower() and rule.key_of(record) == mine:
                yield Failure(rule.path, rule.id, f"{code}{lookup(props, rule.path)!r} {rule.sentence}")
                return
    else:
        yield from rule.failures(props)
