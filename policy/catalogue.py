"""Every rule, and how strict each environment is. Imports no SDK: the commands and the documentation read it too."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

import policy.rules
from policy.rule import Facts, Rule, StackRule

__all__ = ["configuration", "level", "rules"]


@cache
def rules() -> tuple[Rule | StackRule, ...]:
    """Every rule of the pack, in the order of their names."""
    modules = sorted(module.name for module in pkgutil.iter_modules(policy.rules.__path__))
    found: list[Rule | StackRule] = [importlib.import_module(f"policy.rules.{name}").RULE for name in modules]
    return tuple(sorted(found, key=lambda rule: rule.name))


def level(rule: Rule | StackRule, facts: Facts) -> str:
    """How a violation of the rule ends in an environment: `mandatory` stops the run. On a developer's own machine (the
    settings say so, not the environment's name) most are told and stop nothing.
    """
    chosen = isinstance(rule, StackRule) and rule.mandatory_where is not None and rule.mandatory_where(facts)
    stops = rule.mandatory and (rule.everywhere or not facts.own_machine)
    return "mandatory" if stops or chosen else "advisory"


def configuration(facts: Facts) -> dict[str, Any]:
    """The content of the file that the engine takes with --policy-pack-config."""
    content: dict[str, Any] = {}
    for rule in rules():
        entry: dict[str, Any] = {"enforcementLevel": level(rule, facts)}
        content[rule.name] = {**entry, **facts.as_config()} if rule.needs_facts else entry
    return content
