"""What a rule is: a name, a sentence, and a check of one resource that answers what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Props = Mapping[str, Any]
Check = Callable[[str, Props], Iterable[str]]
"""(the resource's type, its inputs) → one text a violation: what is wrong and how to mend it."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule on single resources."""

    name: str
    says: str
    types: tuple[str, ...]
    """The types that it looks at; a prefix such as `azure-native:` stands for all below it."""
    check: Check
    mandatory: bool = True
    """Whether a violation stops a run, or is only told."""

    def looks_at(self, token: str) -> bool:
        """Whether it looks at resources of this type."""
        return any(token == one or (one.endswith(":") and token.startswith(one)) for one in self.types)
