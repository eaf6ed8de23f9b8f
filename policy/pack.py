"""Puts the rules together into a pack that the engine understands.

The SDK gives a rule neither the marks of secrets nor a value for what is unknown: it unwraps the first and raises at
the second, which ends the whole rule with "can't run". Here a secret arrives as `Marked`, an unknown as `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import pulumi_policy.policy as sdk
from google.protobuf import json_format
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY
from pulumi_policy.proxy import _is_unknown

from policy.catalogue import rules
from policy.rule import UNKNOWN, Facts, Marked, Resource, Rule, StackRule
from policy.stateful import plain_token

__all__ = ["NAME", "Remembered", "policies", "read_inputs"]

_FACTS = PolicyConfigSchema(
    properties={
        "environment": {"type": "string"},
        "domain": {"type": "string"},
        "tenant": {"type": "string"},
        "system": {"type": "string"},
        "backups": {"type": "string"},
        "backupDomains": {"type": "array", "items": {"type": "string"}},
        "ownMachine": {"type": "boolean"},
        "socket": {"type": "string"},
        "zoneId": {"type": "string"},
        "accountId": {"type": "string"},
        "subscriptionId": {"type": "string"},
        "directoryId": {"type": "string"},
        "doors": {"type": "array", "items": {"type": "string"}},
        "isReal": {"type": "boolean"},
        "proofAgeDays": {"type": "number"},
        "proofMaxAgeDays": {"type": "integer"},
        "proofRequired": {"type": "boolean"},
        "hosts": {"type": "array", "items": {"type": "object"}},
    }
)


NAME = "smarteros"
REMEMBERED = 1000
"""More than a stack has resources; a process that judges many stacks keeps no more than this."""


def policies() -> list[Policy]:
    """Every rule, as the SDK wants it."""
    # What the engine sends still has the marks; these two functions of the SDK are where they are lost.
    sdk.deserialize_properties = Remembered(_read)  # type: ignore[attr-defined,assignment]  # it names no exports
    sdk.json_format = SimpleNamespace(  # type: ignore[attr-defined,assignment]  # it names no exports
        MessageToDict=Remembered(json_format.MessageToDict), ParseDict=json_format.ParseDict
    )
    sdk.unknown_checking_proxy = _as_it_is  # type: ignore[attr-defined]  # it names no exports
    return [_policy(rule) for rule in rules()]


class Remembered:
    """A function of one object, reckoned once for each: the SDK reads every resource anew for every rule."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self._known: dict[int, tuple[Any, Any]] = {}

    def __call__(self, given: Any, *more: Any) -> Any:
        """The same answer as last time, for who only reads it."""
        known = self._known.get(id(given))
        if known is None or known[0] is not given:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[id(given)] = given, self._make(given, *more)
        return known[1]


def _read(props: dict[str, Any], proxy_secrets: bool = False) -> dict[str, Any]:
    return {key: read_inputs(value) for key, value in props.items()}


def _as_it_is(props: dict[str, Any]) -> dict[str, Any]:
    """Nothing raises at an unknown value: it is told."""
    return props


def read_inputs(sent: Any, secret: bool = False) -> Any:
    """A value as the engine sends it: texts inside a secret are `Marked`, what is unknown is `UNKNOWN`."""
    if isinstance(sent, str):
        return UNKNOWN if _is_unknown(sent) else Marked(sent) if secret else sent
    if isinstance(sent, Mapping):
        if sent.get(SPECIAL_SIG_KEY) == SPECIAL_SECRET_SIG:
            return read_inputs(sent.get("value"), secret=True)
        return {key: read_inputs(value, secret=secret) for key, value in sent.items()}
    if isinstance(sent, Sequence):
        return [read_inputs(one, secret=secret) for one in sent]
    return sent


def _policy(rule: Rule | StackRule) -> Policy:
    level = EnforcementLevel.MANDATORY if rule.mandatory else EnforcementLevel.ADVISORY
    schema = _FACTS if rule.needs_facts else None
    if isinstance(rule, StackRule):
        return StackValidationPolicy(
            name=rule.name,
            description=rule.says,
            validate=partial(_validate_stack, rule),
            enforcement_level=level,
            config_schema=schema,
        )
    return ResourceValidationPolicy(
        name=rule.name,
        description=rule.says,
        validate=partial(_validate, rule),
        enforcement_level=level,
        config_schema=schema,
    )


def _validate(rule: Rule, args: ResourceValidationArgs, report: ReportViolation) -> None:
    token = plain_token(args.resource_type)
    if not rule.looks_at(token):
        return
    resource = Resource(
        token=token,
        name=args.name,
        inputs=args.props,
        urn=args.urn,
        protect=args.opts.protect,
        provider=args.provider.props if args.provider else {},
    )
    for violation in rule.check(resource, Facts.of(args.get_config() or {})):
        report(violation, None)


def _validate_stack(rule: StackRule, args: StackValidationArgs, report: ReportViolation) -> None:
    stack = [_resource(one) for one in args.resources]
    for resource, violation in rule.check(stack, Facts.of(args.get_config() or {})):
        report(violation, resource.urn if resource else None)


def _resource(one: PolicyResource) -> Resource:
    return Resource(
        token=plain_token(one.resource_type),
        name=one.name,
        inputs=one.props,
        urn=one.urn,
        protect=one.opts.protect,
        provider=one.provider.props if one.provider else {},
        sources={key: [source.urn for source in found] for key, found in one.property_dependencies.items()},
    )
