"""A restore was proved lately, or it is told; it stops a run only where the environment says so."""

from __future__ import annotations

import dataclasses

import pytest

from policy.catalogue import level
from policy.rule import Facts
from policy.rules.restore_proved import RULE
from tests.policy.judged import FACTS, said_of_stack

OLD = dataclasses.replace(FACTS, proof_age_days=9.4, proof_max_age_days=8)


@pytest.mark.parametrize(
    "facts",
    [
        FACTS,
        dataclasses.replace(OLD, proof_age_days=8.0),
        dataclasses.replace(OLD, proof_max_age_days=0),
        dataclasses.replace(OLD, tenant="acme"),
    ],
)
def test_what_is_right_passes(facts: Facts) -> None:
    """Young enough; no backups to prove; a tenant's own run."""
    assert said_of_stack(RULE, [], facts) == []


def test_an_old_proof_is_told() -> None:
    """With its age and what mends it."""
    ((_, text),) = said_of_stack(RULE, [], OLD)
    assert "for 9 days" in text
    assert "./smos drill" in text
    assert "--without-proof" not in text
    assert level(RULE, OLD) == "advisory"


def test_where_it_is_required_it_stops_a_run() -> None:
    """And the way past it is told; on a developer's own machine too, where the settings say so."""
    required = dataclasses.replace(OLD, proof_required=True)
    ((_, text),) = said_of_stack(RULE, [], required)
    assert "--without-proof REASON" in text
    assert level(RULE, required) == "mandatory"
    assert level(RULE, dataclasses.replace(required, own_machine=True)) == "mandatory"


def test_the_facts_come_back_from_the_file() -> None:
    """As they are written for the pack."""
    required = dataclasses.replace(OLD, proof_required=True)
    assert Facts.of(required.as_config()) == required
