"""Layer two of the strictness: one declarative table a resource type, which drives Check, Diff, Create and the docs.

A rule says where it looks (`path`), what must hold (`says`, a sentence that a newcomer understands, used in the
error and in docs/providers), and from where it is known (`source`). Rules of phase "check" look at the inputs alone
and run at preview; rules of phase "cloud" also look at what exists and run at creation and update, as the vendor's
API would; those of phase "create" run at creation alone, where the provider does something that it does not at an
update. A rule never looks at an unknown value. Layer one (names, types, nesting, enums) is `sandbox.core.schema`,
from the SDK.
"""

from __future__ import annotations

from sandbox.core.rules.cloud import NeedsInCloud, Refers, Unchangeable, Unique, refusals
from sandbox.core.rules.one import (
    Between,
    Failure,
    Forbidden,
    Length,
    Must,
    OneOf,
    Pattern,
    Phase,
    Required,
    Rule,
    When,
)
from sandbox.core.rules.together import AtMostOne, ExactlyOne, UniqueItems

__all__ = [
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
    "Phase",
    "Refers",
    "Required",
    "Rule",
    "Unchangeable",
    "Unique",
    "UniqueItems",
    "When",
    "refusals",
]
