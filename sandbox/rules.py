"""Layer two of the strictness: one declarative table a resource type, which drives Check, Diff, Create and the docs.

A rule says where it looks (`path`), what must hold (`says`, a sentence that a newcomer understands, used in the
error and in docs/providers), and from where it is known (`source`). Rules of phase "check" look at the inputs alone
and run at preview; rules of phase "cloud" also look at what exists and run at creation and update, as the vendor's
API would. A rule never looks at an unknown value. Layer one (names, types, nesting, enums) is `sandbox.schema`,
from the SDK.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.records import Cloud, Record
from sandbox.values import MISSING, UNKNOWN, Props, Value, contains_unknown, expand, is_set, lookup

__all__ = [
    "AllowedPairs",
    "AtMostOne",
    "Between",
    "ExactlyOne",
    "Failure",
    "Forbidden",
    "Length",
    "Must",
    "NeedsInCloud",
    "OneOf",
    "Pattern",
    "Refers",
    "Required",
    "Rule",
    "Unchangeable",
    "Unique",
    "UniqueItems",
    "When",
]


@dataclass(frozen=True)
class Failure:
    """One refusal: where in the resource's inputs, by which rule, and why in words."""

    path: str
    rule: str
    reason: str


When = Callable[[Props], bool]
"""A condition on all inputs of the resource; must be False where what it looks at is missing or UNKNOWN."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What every rule has. Not used by itself."""

    path: str
    says: str = ""
    source: str = ""
    code: str = ""
    """The vendor's own error code, where known."""
    name: str = ""
    when: When | None = None
    phase: Literal["check", "cloud"] = "check"

    @property
    def id(self) -> str:
        """Names the rule within its type: `kind:path`, unless `name` says otherwise."""
        return self.name or f"{type(self).__name__.lower()}:{self.path}"

    @property
    def sentence(self) -> str:
        """The rule in words, for errors and for the docs."""
        return self.says

    def failures(self, props: Props) -> Iterator[Failure]:
        """What is wrong with these inputs by this rule alone."""
        if self.when is None or self.when(props):
            for path, reason in self.examine(props):
                code = f"{self.code}: " if self.code else ""
                yield Failure(path, self.id, f"{code}{reason}")

    def examine(self, props: Props) -> Iterator[tuple[str, str]]:
        """(path, reason) of each fault; conditions have been applied."""
        raise TypeError(f"{type(self).__name__} has no examination of inputs")

    def known(self, props: Props) -> Iterator[tuple[str, Value]]:
        """The places this rule looks at that are set and known."""
        for path, value in expand(props, self.path):
            if is_set(value) and value is not UNKNOWN:
                yield path, value


@dataclass(frozen=True, kw_only=True)
class Required(Rule):
    """Must be set (an unknown value counts as set; an empty text or list does not)."""

    @property
    def sentence(self) -> str:
        return self.says or "is required"

    def examine(self, props: Props) -> Iterator[tuple[str, str]]:
        for path, value in expand(props, self.path):
            if not is_set(value) or value == "" or value == []:
                yield path, self.sentence


@dataclass(frozen=True, kw_only=True)
class Forbidden(Rule):
    """Must not be set (with `when`: a conflict with another property)."""

    def examine(self, props: Props) -> Iterator[tuple[str, str]]:
        for path, value in expand(props, self.path):
            if is_set(value):
                yield path, self.sentence


@dataclass(frozen=True, kw_only=True)
class Pattern(Rule):
    """Text that must match a regular expression as a whole."""

    regex: str

    @property
    def sentence(self) -> str:
        return self.says or f"must match {self.regex}"

    def examine(self, props: Props) -> Iterator[tuple[str, str]]:
        for path, value in self.known(props):
            if not isinstance(value, str) or not re.fullmatch(self.regex, value):
                yield path, f"{value!r} {self.sentence}"


@dataclass(frozen=True, kw_only=True)
class Length(Rule):
    """How long a text or a list may be."""

    least: int = 0
    most: int | None = None

    @property
    def sentence(self) -> str:
        most = f" and at most {self.most}" if self.most is not None else ""
        return self.says or f"must have at least {self.least}{most} characters or items"

    def examine(self, props: Props) -> Iterator[tuple[str, str]]:
        for path, value in self.known(props):
            if len(value) < self.least or (self.most is not None and len(value) > self.most):
                yield path, f"has {len(value)}: {self.sentence}"


@dataclass(frozen=True, kw_only=True)
class Between(Rule):
    """A number within limits, both included."""

    least: float | None = None
    most: float | None = None

    @property
    def sentence(self) -> str:
        low = "" if self.least is None else f"at least {self.least:g}"
        high = "" if self.most is None else f"at most {self.most:g}"
        return self.says or "must be " + " and ".join(part for part in (low, high) if part)

    def examine(self, props: Props) -> Iterator[tuple[str, str]]:
        for path, value in self.known(props):
            number = float(value)
            if (self.least is not None and number < self.least) or (self.most is not None and number > self.most):
                yield (
                    path,
                    f"{value:g} {self.sentence}" if isinstance(value, float) else f"{value} {self.sentence}",
                )


@dataclass(frozen=True, kw_only=True)
class OneOf(Rule):
    """One of a closed list of values."""

    values: tuple[Any, ...]
    any_case: bool = False
    """Whether the vendor compares without case."""

    @property
    def sentence(self) -> str:
        return self.says or "must be one of " + ", ".join(str(value) for value in self.values)

    def examine(self, props: Props) -> Iterator[tuple[str, str]]:
        for path, value in self.known(props):
            known = any(str(value).lower() == str(one).lower() for one in self.values) if self.any_case else False
            if value not in self.values and not known:
                yield path, f"{value!r} {self.sentence}"


@dataclass(frozen=True, kw_only=True)
class AllowedPairs(Rule):
    """Two properties of the object at `path` that are only allowed in certain pairs."""

    fields: tuple[str, str]
    pairs: tuple[tuple[Any, Any], ...]

    def examine(self, props: Props) -> Iterator[tuple[str, str]]:
        for path, value in self.known(props):
            first, second = (lookup(value, name) for name in self.fields)
            if UNKNOWN in (first, second):
                continue
            if (first, second) not in self.pairs:
                allowed = ", ".join(f"{one}/{other}" for one, other in self.pairs)
                given = f"{self.fields[0]} {first} with {self.fields[1]} {second}"
                yield path, f"{given}: {self.sentence}; allowed: {allowed}"


@dataclass(frozen=True, kw_only=True)
class ExactlyOne(Rule):
    """Exactly one of the named properties of the object at `path` ("" = the resource itself)."""

    fields: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return self.says or f"needs exactly one of {', '.join(self.fields)}"

    def too_many(self, count: int) -> bool:
        """Whether that many are wrong."""
        return count != 1

    def examine(self, props: Props) -> Iterator[tuple[str, str]]:
        places: Iterable[tuple[str, Value]] = self.known(props) if self.path else [("", props)]
        for path, value in places:
            given = [name for name in self.fields if is_set(lookup(value, name))]
            if self.too_many(len(given)):
                at = ".".join(part for part in (path, given[0] if given else self.fields[0]) if part)
                yield at, f"{self.sentence} (given: {', '.join(given) or 'none'})"


@dataclass(frozen=True, kw_only=True)
class AtMostOne(ExactlyOne):
    """At most one of the named properties."""

    @property
    def sentence(self) -> str:
        return self.says or f"takes at most one of {', '.join(self.fields)}"

    def too_many(self, count: int) -> bool:
        return count > 1


@dataclass(frozen=True, kw_only=True)
class UniqueItems(Rule):
    """No two items of the list at `path` may have the same `key` ("" = the item itself)."""

    key: str = ""
    any_case: bool = False
    """Whether the vendor compares without case."""

    @property
    def sentence(self) -> str:
        return self.says or f"may hold each {self.key or 'value'} only once"

    def examine(self, props: Props) -> Iterator[tuple[str, str]]:
        for path, value in self.known(props):
            seen: set[str] = set()
            for index, item in enumerate(value):
                one = lookup(item, self.key) if self.key else item
                if not is_set(one) or one is UNKNOWN:
                    continue
                same = repr(one).lower() if self.any_case else repr(one)
                if same in seen:
                    yield (
                        f"{path}[{index}]" + (f".{self.key}" if self.key else ""),
                        f"{one!r} {self.sentence}",
                    )
                seen.add(same)


@dataclass(frozen=True, kw_only=True)
class Must(Rule):
    """Anything else that the inputs alone can show. `test(value, inputs)`: True when right, False or a text when wrong.

    Called for every set, wholly known value at `path` (with `partial=True` also where some leaves are UNKNOWN).
    With `path=""` it gets the inputs themselves.
    """

    test: Callable[[Value, Props], bool | str]
    partial: bool = False

    def examine(self, props: Props) -> Iterator[tuple[str, str]]:
        places: Iterable[tuple[str, Value]] = self.known(props) if self.path else [("", props)]
        for path, value in places:
            if contains_unknown(value) and not self.partial:
                continue
            answer = self.test(value, props)
            if answer is not True:
                detail = f"{answer}: " if isinstance(answer, str) else ""
                yield path, f"{detail}{self.sentence}"


@dataclass(frozen=True, kw_only=True)
class Refers(Rule):
    """The id at `path` must be of something that exists, of one of the types `to`."""

    to: tuple[str, ...]
    phase: Literal["check", "cloud"] = "cloud"

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
    phase: Literal["check", "cloud"] = "cloud"
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
        """What must differ."""
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
    phase: Literal["check", "cloud"] = "cloud"


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


def missing(value: Value) -> bool:
    """Whether nothing stands there."""
    return value is MISSING or value is None


def refusals(rule: Rule, props: Props, cloud: Cloud, config: Props, own_id: str = "") -> Iterator[Failure]:
    """What one rule of phase "cloud" finds wrong."""
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
