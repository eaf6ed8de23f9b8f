"""In a tenant's stack everything is called as the tenant's own; on the platform nothing as a tenant's.

Which properties name something, and what, says policy/known: a property that stands there as no name names nothing, and
one that doesn't stand there is refused (properties-known). The few names of the platform's that a tenant's stack may
say stand there too, each at the property where it may. What a name leads to by an id is judged by its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.known import KINDS, node_of
from policy.known.kind import Named, leaves
from policy.known.names import DATABASE, ROLE
from policy.rule import Facts, Marked, Resource, Rule, each

_ASSIGNMENT = "azure-native:authorization:RoleAssignment"
_BLOBS = "azure-native:storage:BlobContainer"
_BUCKETS = ("cloudflare:index/r2Bucket:R2Bucket", "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle")
_CONTAINER = "docker:index/container:Container"
_ACCOUNT = re.compile(r"st[a-z0-9]+")
_IN_ENV = {"DB_POSTGRESDB_USER": ROLE, "DB_POSTGRESDB_DATABASE": DATABASE}
_WHERE = ("N8N_HOST", "N8N_EDITOR_BASE_URL", "N8N_WEBHOOK_URL")


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    if resource.token not in KINDS:
        return
    for leaf in leaves(resource.inputs, node_of(resource.token)):
        if isinstance(leaf.allowed, Named):
            why = leaf.allowed.refuses(leaf.value, facts)
            if why:
                yield f"{leaf.path}: {why}"
    if resource.token in _BUCKETS and facts.system:
        yield from _bucket(resource, facts)
    if facts.tenant:
        yield from _of_tenant(resource, facts)


def _bucket(resource: Resource, facts: Facts) -> Iterator[str]:
    """An account's buckets are all environments'."""
    name = resource.inputs.get("name", resource.inputs.get("bucketName"))
    if isinstance(name, str) and not name.startswith(f"{facts.system}-{facts.environment}-"):
        yield f"{name} is no bucket of {facts.system}-{facts.environment}: another environment's data is in it"


def _of_tenant(resource: Resource, facts: Facts) -> Iterator[str]:
    inputs, account = resource.inputs, resource.inputs.get("accountName")
    if resource.token == _ASSIGNMENT:
        scope = inputs.get("scope")
        if isinstance(scope, str) and not scope.endswith(f"/containers/t-{facts.tenant}"):
            yield f"scope is not the blob container of the tenant {facts.tenant}: the id of t-{facts.tenant}"
    elif resource.token == _BLOBS and isinstance(account, str) and facts.system:
        own = re.sub(r"[^a-z0-9]", "", f"st{facts.system}{facts.environment}")[:18]
        if not _ACCOUNT.fullmatch(account) or not account.startswith(own):
            yield f"accountName: {account} is not the storage account of {facts.system}-{facts.environment}"
    elif resource.token == _CONTAINER:
        yield from _env(resource, facts)


def _env(resource: Resource, facts: Facts) -> Iterator[str]:
    for variable in each(resource.inputs.get("envs")):
        if isinstance(variable, Marked):
            continue
        name, _, value = str(variable).partition("=")
        if name in _IN_ENV:
            why = _IN_ENV[name].refuses(value, facts, ())
            if why:
                yield f"the variable {name}: {why}"
        elif name in _WHERE and facts.domain:
            host = value.partition("://")[2].partition("/")[0] if "://" in value else value
            if host not in (f"{facts.tenant}.{facts.domain}", *facts.tenant_domains):
                yield f"the variable {name} is not the name of the tenant {facts.tenant}"


RULE = Rule(
    name="names-own",
    says="A tenant's stack names what is the tenant's own, the platform's nothing that is a tenant's.",
    types=("*",),
    check=_check,
    needs_facts=True,
)
