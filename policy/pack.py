"""Puts the rules together into a pack that the engine understands."""

from __future__ import annotations

import importlib
import pkgutil

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)

import policy.rules
from policy.rule import Rule


def rules() -> list[Rule]:
    """Every rule, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(policy.rules.__path__))
    return [importlib.import_module(f"policy.rules.{name}").RULE for name in names]


def serve() -> None:
    """Registers the pack with the engine that started this process."""
    PolicyPack("smarteros", [_policy(rule) for rule in rules()])


def _policy(rule: Rule) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if rule.looks_at(args.resource_type):
            for violation in rule.check(args.resource_type, args.props):
                report(violation, None)

    level = EnforcementLevel.MANDATORY if rule.mandatory else EnforcementLevel.ADVISORY
    return ResourceValidationPolicy(name=rule.name, description=rule.says, validate=validate, enforcement_level=level)
