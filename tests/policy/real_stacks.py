"""What the program really declares, stack by stack, as the rules see it: what must pass, and where mutations begin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from types import SimpleNamespace
from typing import cast

import pulumi
from pulumi.runtime import mocks

from access.stack import Access, AccessArgs, root_provider
from deploy.policies import facts_of
from hosts import stack as hosts
from policy.rule import Facts, Resource
from settings import Settings, load_files
from tenants.stack import program
from tests.components.declared import ROOT, Answers, Declared, Recorder, config_of, platform
from tests.components.placed import Case
from tests.policy.judged import resources_of
from tests.tenants import test_domains, test_silo, test_stack

__all__ = ["STACKS", "Stack", "stack_of"]


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Resources, and what the rules are told."""

    resources: tuple[Resource, ...]
    facts: Facts


def _with_domains() -> tuple[Declared, ...]:
    """A tenant with domains of its own."""
    monitor, answers = Recorder(), test_domains.Cloudflare("pending")
    monitor.mocks = answers
    mocks.set_mocks(answers, project="smarteros-tenants", stack="acme-2", preview=False, monitor=monitor)
    where = replace(test_stack.platform(with_vault=True), custom_domains=True)
    pulumi.runtime.test(program(test_domains.TENANT, where, test_stack.SECRETS))()  # type: ignore[no-untyped-call] # untyped SDK
    return tuple(monitor.declared)


def _with_redis() -> tuple[Declared, ...]:
    """A tenant with a Redis of its own."""
    monitor = Recorder()
    mocks.set_mocks(Answers(), project="smarteros-tenants", stack="acme-2", preview=False, monitor=monitor)
    tenant = test_silo.tenant(isolation={"n8n": "pool"}, redis={"place": 1})
    declare = program(tenant, test_stack.platform(with_vault=True), test_silo.SECRETS, test_silo.settings())
    pulumi.runtime.test(declare)()  # type: ignore[no-untyped-call] # untyped SDK
    return tuple(monitor.declared)


def _platform(name: str) -> Stack:
    return Stack(resources=tuple(resources_of(platform(name))), facts=facts_of(load_files(name, ROOT)))


def _prod_with_domains() -> Stack:
    """A platform that takes domains of tenants' own."""
    services = deepcopy(config_of("prod")["services"])
    services["tenants"]["customDomains"] = True
    return Stack(resources=tuple(resources_of(platform("prod", services=services))), facts=stack_of("prod").facts)


def _case(case: Case) -> Stack:
    return Stack(resources=tuple(resources_of(case.declared())), facts=facts_of(case.settings))


def _access() -> Stack:
    monitor = Recorder()
    mocks.set_mocks(Answers(), project="smarteros", stack="prod", preview=False, monitor=monitor)

    def inside() -> None:
        provider = root_provider("vault", "http://127.0.0.1:15440", pulumi.Output.secret("hvs." + "t" * 30))
        Access("access", AccessArgs(protect=True), pulumi.ResourceOptions(providers=[provider]))

    pulumi.runtime.test(inside)()  # type: ignore[no-untyped-call] # untyped SDK
    return Stack(resources=tuple(resources_of(monitor.declared)), facts=facts_of(load_files("prod", ROOT)))


def _hosts() -> Stack:
    settings = load_files("prod", ROOT)
    monitor = Recorder()
    mocks.set_mocks(Answers(), project="smarteros-hosts", stack="prod", preview=False, monitor=monitor)

    def prepared() -> None:
        keys = {host.name: pulumi.Output.secret(f"the key of {host.name}") for host in settings.remote_hosts}
        given = SimpleNamespace(remote_hosts=settings.remote_hosts, secrets=SimpleNamespace(host_private_keys=keys))
        hosts.declare(cast(Settings, given))

    pulumi.runtime.test(prepared)()  # type: ignore[no-untyped-call] # untyped SDK
    return Stack(resources=tuple(resources_of(monitor.declared)), facts=facts_of(settings))


def _tenant(declared: tuple[Declared, ...], platform: str = "prod", domain: str = "example.com") -> Stack:
    """`declared` is on a platform of the tests: what it has by another id or name is told as the settings would."""
    facts = facts_of(load_files(platform, ROOT), "acme-2", ("www.acme.cl", "shop.acme.cl"))
    doors = ("edge.example.com", "pausa.example.com")
    there = replace(facts, domain=domain, zone_id="0" * 32, account_id="f" * 32, doors=doors)
    return Stack(resources=tuple(resources_of(declared)), facts=there)


_MADE: Mapping[str, Callable[[], Stack]] = {
    "prod": lambda: _platform("prod"),
    "backup": lambda: _platform("backup"),
    "prod-domains": _prod_with_domains,
    "queue": lambda: _case(Case("n8n", 0, "azure", "queue")),
    "access": _access,
    "hosts": _hosts,
    "tenant": lambda: _tenant(test_stack.declared()),
    "tenant-domains": lambda: _tenant(_with_domains()),
    "tenant-r2": lambda: _tenant(test_stack.declared(where="r2"), "backup"),
    "tenant-suspended": lambda: _tenant(test_stack.declared(state="suspended")),
    "tenant-redis": lambda: _tenant(_with_redis(), domain=test_silo.settings().domain),
    "tenant-silo": lambda: _tenant(test_silo.declared(), domain=test_silo.settings().domain),
}
STACKS = tuple(_MADE)


@cache
def stack_of(name: str) -> Stack:
    """One of them; declared once."""
    return _MADE[name]()
