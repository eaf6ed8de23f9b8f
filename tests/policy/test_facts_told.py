"""The rules know the environment that they check."""

from __future__ import annotations

from policy.rule import Facts
from policy.rules.facts_told import RULE
from tests.policy.judged import FACTS, said_of_stack


def test_who_forgets_to_tell_is_told() -> None:
    """With the command that tells; it stops nothing."""
    assert said_of_stack(RULE, [], FACTS) == []
    ((_, text),) = said_of_stack(RULE, [], Facts())
    assert "--policy-pack-config" in text
    assert not RULE.mandatory
