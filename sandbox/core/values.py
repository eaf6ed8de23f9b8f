"""Property values as the simulated providers see them: plain JSON values, plus one mark for "not known yet".

Paths are written as an operator would: `template.containers[0].resources.cpu`. A path in a rule may hold `[*]`
(every element) and `{*}` (every key); `expand` finds the concrete places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from engine.wire import UNKNOWN as UNKNOWN
from engine.wire import contains_unknown as contains_unknown
from engine.wire import leaves as leaves

__all__ = [
    "MISSING",
    "UNKNOWN",
    "Props",
    "Value",
    "contains_unknown",
    "expand",
    "is_set",
    "leaves",
    "lookup",
    "show",
    "steps",
]

Value = Any
Props = Mapping[str, Any]


class Missing:
    """What `lookup` answers when nothing stands at a path. There is one, `MISSING`."""

    def __repr__(self) -> str:
        return "(not set)"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()

_STEP = re.compile(r"\[(\*|\d+)\]|\{(\*)\}|([^.\[\]{}]+)|\[\"([^\"]+)\"\]")


def steps(path: str) -> list[str | int]:
    """The path as a list: keys as text, indexes as numbers, `"[*]"` and `"{*}"` for every element and key."""
    found: list[str | int] = []
    for match in _STEP.finditer(path):
        index, star, key, quoted = match.groups()
        if index == "*":
            found.append("[*]")
        elif index is not None:
            found.append(int(index))
        elif star is not None:
            found.append("{*}")
        else:
            found.append(key if key is not None else quoted)
    return found


def show(path: Sequence[str | int]) -> str:
    """A path for a person: `containers[0].env["a.b"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.search(r"[.\[\]{} ]", step):
            text += f'["{step}"]'
        else:
            text += f".{step}" if text else step
    return text


def expand(props: Value, path: str) -> Iterator[tuple[str, Value]]:
    """Every concrete place that `path` names, with its value (`MISSING` where its parent stands but it does not).

    A place below something absent or unknown is not visited: a rule on a child says nothing without its parent.
    """
    yield from _expand(props, steps(path), ())


def _expand(value: Value, rest: list[str | int], at: tuple[str | int, ...]) -> Iterator[tuple[str, Value]]:
    if not rest:
        yield show(at), value
        return
    head, tail = rest[0], rest[1:]
    if head == "[*]":
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _expand(item, tail, (*at, index))
    elif head == "{*}":
        if isinstance(value, Mapping):
            for key, item in value.items():
                yield from _expand(item, tail, (*at, key))
    elif isinstance(head, int):
        if isinstance(value, list) and head < len(value):
            yield from _expand(value[head], tail, (*at, head))
    elif isinstance(value, Mapping):
        item = value.get(head, MISSING)
        if item is None:
            item = MISSING
        if item is MISSING and tail:
            return
        yield from _expand(item, tail, (*at, head))


def lookup(props: Value, path: str) -> Value:
    """The value at one concrete path, or `MISSING`; what lies below something unknown is unknown too."""
    for _, value in expand(props, path):
        return value
    above = props
    for step in steps(path):
        if isinstance(above, list) and isinstance(step, int) and step < len(above):
            above = above[step]
        elif isinstance(above, Mapping):
            above = above.get(str(step))
        else:
            break
    return UNKNOWN if above is UNKNOWN else MISSING


def is_set(value: Value) -> bool:
    """Whether something (known or not) stands there."""
    return value is not MISSING and value is not None
