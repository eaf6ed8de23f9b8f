"""Puts the rules together into a pack that the engine understands.

The SDK gives a rule neither the marks of secrets nor a value for what is unknown. Here a secret arrives as `Marked`, an
unknown as `UNKNOWN`; how the SDK is brought to that is in engine.sdk_patches.policies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

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
from pulumi_policy.proxy import (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
)

from engine.sdk_patches.policies import inputs_read_by
from policy.catalogue import rules
from policy.rule import UNKNOWN, Facts, Marked, Resource, Rule, StackRule
from policy.stateful import plain_token

__all__ = ["NAME", "policies", "read_inputs"]

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
_UNKNOWN = frozenset(
    {
        *(UNKNOWN_BOOLEAN_VALUE, UNKNOWN_NUMBER_VALUE, UNKNOWN_STRING_VALUE, UNKNOWN_ARRAY_VALUE),
        *(UNKNOWN_ASSET_VALUE, UNKNOWN_ARCHIVE_VALUE, UNKNOWN_OBJECT_VALUE),
    }
)


def policies() -> list[Policy]:
    """Every rule, as the SDK wants it."""
    inputs_read_by(_read)
    return [_policy(rule) for rule in rules()]


def _read(sent: Mapping[str, Any]) -> dict[str, Any]:
    return {key: read_inputs(value) for key, value in sent.items()}


def read_inputs(sent: Any, secret: bool = False) -> Any:
    """A value as the engine sends it: texts inside a secret are `Marked`, what is unknown is `UNKNOWN`."""
    if isinstance(sent, str):
        return UNKNOWN if sent in _UNKNOWN else Marked(sent) if secret else sent
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
