"""The rules that look at the inputs of one property: present, absent, of a form, a length, a range, a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.core.values import UNKNOWN, Props, Value, contains_unknown, expand, is_set

__all__ = [
    *("Between", "Failure", "Forbidden", "Length", "Must", "OneOf", "Pattern", "Phase", "Required", "Rule", "When"),
]


@dataclass(frozen=True)
class Failure:
    """One refusal: where in the resource's inputs, by which rule, and why in words."""

    path: str
    rule: str
    reason: str


Phase = Literal["check", "create", "cloud"]
"""When a rule is asked: at preview; at creation; at creation and update."""

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
    phase: Phase = "check"

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
