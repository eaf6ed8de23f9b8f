"""The pack as the engine runs it: marks of secrets, unknown values, levels, facts; and what it costs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.policies import PACK, arguments
from policy.catalogue import configuration, level, rules
from policy.page import with_table
from policy.rule import Facts, Host, Rule, StackRule
from tests.policy.judged import FACTS
from tests.policy.small_stack import STACK, SmallStack, clouds, small

__all__ = ["clouds", "small"]

EVERYWHERE = ("edge-publishes", "host-untouched", "networks-own", "properties-known", "types-known", "volumes-own")
ROOT = Path(__file__).resolve().parents[2]
TAGS = {"system": "s", "managed-by": "pulumi", "environment": "prod"}
GROUP = {
    "type": "azure-native:resources:ResourceGroup",
    "name": "group",
    "inputs": {"resourceGroupName": "rg-pack", "location": "brazilsouth", "tags": TAGS},
    "protect": True,
}


def previewed(small: SmallStack, facts: Facts) -> list[str]:
    return ["preview", "--stack", STACK, *arguments(facts, small.place.scratch)]


@pytest.mark.slow
def test_the_engine_stops_at_a_violation_and_says_all_of_them(small: SmallStack) -> None:
    """Rules on one resource, on the whole stack, on facts and on marks, all in one preview."""
    bare = {"resourceGroupName": "rg-pack", "location": "brazilsouth"}
    token = {"apiToken": "0123456789abcdefghijklmnopqrstuvwxyzABCD"}
    cloud = {"type": "pulumi:providers:cloudflare", "name": "cloud", "inputs": token}
    small.declare([{**GROUP, "inputs": bare, "protect": False}, cloud])
    said = small.fails(*previewed(small, FACTS))
    assert "[mandatory]  tags-required" in said
    assert "[mandatory]  stateful-protected" in said
    assert "apiToken is not marked as a secret" in said
    assert "facts-told" not in said
    said = small.fails(*previewed(small, Facts()))
    assert "[advisory]  facts-told" in said


@pytest.mark.slow
def test_marks_and_unknown_values_reach_the_rules(small: SmallStack) -> None:
    """A marked secret passes where the same text in plain does not; and nothing "can't run" at a preview."""
    token = {"apiToken": "0123456789abcdefghijklmnopqrstuvwxyzABCD"}
    cloud = {"type": "pulumi:providers:cloudflare", "name": "cloud", "inputs": token, "secret": ["apiToken"]}
    small.declare([GROUP, cloud])
    said = small.pulumi(*previewed(small, FACTS))
    assert "mandatory" not in said
    assert "can't run" not in said


@pytest.mark.slow
def test_a_developers_machine_is_told_and_not_stopped(small: SmallStack) -> None:
    """An environment on his own machine has nearly every rule as advice."""
    small.declare([{**GROUP, "inputs": {"resourceGroupName": "rg-pack", "location": "brazilsouth"}}])
    said = small.pulumi(*previewed(small, Facts(environment="local", domain="localhost", own_machine=True)))
    assert "[advisory]  tags-required" in said


def test_rules_have_names_sentences_and_files_of_their_own() -> None:
    """At least 15; each file's name is its rule's, and each has a test."""
    assert len(rules()) >= 15
    for rule in rules():
        assert isinstance(rule, Rule | StackRule)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
        assert rule.says.endswith(".")
        file = rule.name.replace("-", "_")
        assert (PACK / "rules" / f"{file}.py").is_file()
        assert (ROOT / "tests" / "policy" / f"test_{file}.py").is_file()


@pytest.mark.parametrize("environment", ["prod", "backup", "local", ""])
def test_levels_depend_on_the_machine_and_not_on_the_environments_name(environment: str) -> None:
    """Mandatory everywhere but on a developer's machine, where what would open it stays so; advice stays advice."""
    server, own = Facts(environment=environment), Facts(environment=environment, own_machine=True)
    for rule in rules():
        assert level(rule, server) == ("mandatory" if rule.mandatory else "advisory")
        assert configuration(server)[rule.name]["enforcementLevel"] == level(rule, server)
        assert level(rule, own) == ("mandatory" if rule.name in EVERYWHERE else "advisory")


@pytest.mark.parametrize("own_machine", [True, False])
def test_facts_survive_the_file(own_machine: bool) -> None:
    """What is written for the pack is what it reads."""
    host = Host(name="v", address="a", memory_mb=1, reserve_mb=2)
    facts = Facts(
        environment="prod",
        domain="example.com",
        hosts=(host,),
        tenant="acme",
        system="s",
        own_machine=own_machine,
        zone_id="z",
        account_id="a",
        subscription_id="u",
        directory_id="d",
        doors=("edge.example.com",),
        is_real=True,
    )
    given = configuration(facts)["host-memory"]
    assert given.pop("enforcementLevel") == ("advisory" if own_machine else "mandatory")
    assert Facts.of(given) == facts


def test_the_documentation_has_every_rule() -> None:
    """docs/policies.md: one row a rule, with its sentence and its level; and no row for a rule that is gone (fix:
    ./smos policies --pages).
    """
    page = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (.+?) \|$", page, re.M)
    assert rows == [(rule.name, level(rule, Facts()), rule.says) for rule in rules()]
    assert with_table(page) == page


def test_the_table_is_written_anew() -> None:
    """A row of a rule that is gone goes, one that is missing comes; the text around the table stays."""
    page = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    first = next(line for line in page.splitlines(keepends=True) if line.startswith("| `"))
    assert with_table(page.replace(first, "| `gone` | mandatory | Nothing. |\n")) == page
