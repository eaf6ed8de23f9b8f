"""The table of docs/policies.md, made from the rules: one row a rule. The rest of that page is written by hand."""

from __future__ import annotations

import re

from policy.catalogue import level, rules
from policy.rule import Facts

__all__ = ["with_table"]

_HEAD = "| rule | level | what it demands |\n| --- | --- | --- |\n"
_TABLE = re.compile(re.escape(_HEAD) + r"(\|.*\n)*")


def with_table(page: str) -> str:
    """The page with the table as the rules are now."""
    rows = "".join(f"| `{rule.name}` | {level(rule, Facts())} | {rule.says} |\n" for rule in rules())
    return _TABLE.sub(lambda _: _HEAD + rows, page)
