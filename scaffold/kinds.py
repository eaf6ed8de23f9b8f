"""The six kinds of things that can be begun, each as a declaration: its names, its files, its test, what is left."""

from __future__ import annotations

import re

from scaffold.declaration import Insertion, Scaffold, Words

__all__ = ["SCAFFOLDS"]


def _dashed(name: str) -> Words:
    """`logs-bounded` → logs_bounded, LogsBounded."""
    parts = name.split("-")
    return {"name": name, "identifier": "_".join(parts), "class_name": "".join(one.title() for one in parts)}


def _rule_of(name: str) -> str | None:
    from policy.catalogue import rules

    taken = name in {one.name for one in rules()}
    return "a rule has this name. Mend: another name, or edit that one" if taken else None


def _command_of(name: str) -> str | None:
    from cli.commands import COMMANDS

    entry = COMMANDS.get(name)
    return f"it is {entry.target} already. Mend: another name, or edit that one" if entry else None


DASHED = re.compile(r"(?=.{1,24}$)[a-z]+(-[a-z]+)*")
DASHED_SHAPE = "lower-case words with - between them, 24 characters at most, as in {}"

_ALL = (
    Scaffold(
        kind="rule",
        about="A rule of the policy pack, which every run is checked by.",
        pattern=DASHED,
        shape=DASHED_SHAPE.format("logs-bounded"),
        words=_dashed,
        files={
            "rule/rule.py.template": "policy/rules/$identifier.py",
            "rule/test.py.template": "tests/policy/test_$identifier.py",
        },
        taken=_rule_of,
        test="tests/policy/test_$identifier.py",
        fails="$name has no example in RIGHT",
        left=(
            "examples into tests/policy/test_$identifier.py: RIGHT and WRONG",
            "policy/rules/$identifier.py: why, in its docstring; what it demands, in `says`; which types it looks at; "
            "the check, which says what is wrong and how to mend it",
            "./smos policies --pages, which writes its row in docs/policies.md",
        ),
    ),
    Scaffold(
        kind="command",
        about="A command of ./smos.",
        pattern=DASHED,
        shape=DASHED_SHAPE.format("doctor"),
        words=_dashed,
        files={
            "command/command.py.template": "cli/$identifier.py",
            "command/test.py.template": "tests/cli/test_$identifier.py",
        },
        insertions=(Insertion(path="cli/commands.py", into="COMMANDS", template="command/line.template"),),
        taken=_command_of,
        test="tests/cli/test_$identifier.py",
        fails="$name does nothing yet",
        left=(
            "what it does, into a room below cli/, with its test there; cli/$identifier.py parses, calls, prints",
            "its line of help in cli/commands.py, and its row in docs/commands.md",
        ),
    ),
)

SCAFFOLDS = {one.kind: one for one in _ALL}
