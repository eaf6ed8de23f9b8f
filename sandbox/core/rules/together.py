"""The rules that look at what must fit together in the inputs: one of several, items that differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sandbox.core.rules.one import Rule
from sandbox.core.values import UNKNOWN, Props, Value, is_set, lookup

__all__ = ["AtMostOne", "ExactlyOne", "UniqueItems"]


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
