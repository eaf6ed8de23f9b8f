"""The names of what is a tenant's, by vendor: the tenant's own, and what any tenant's looks like.

As `tenants/names.py` makes them; that both say the same is a test.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from policy.rule import Facts

__all__ = [
    "BLOBS",
    "BUCKET",
    "CONTAINER",
    "DATABASE",
    "IDENTITY",
    "MOUNT",
    "POLICY",
    "ROLE",
    "TAG",
    "Space",
]

_PREDEFINED = r"pg_.*|azure_.*|rds.*|cloudsql.*|postgres|replication"
_OF_A_SILO = r"(-(data|secrets|secrets-loader|prepare))?"
"""How the names of what belongs to a container of a tenant's own may go on."""


@dataclass(frozen=True)
class Space:
    """Where names of one kind are told apart."""

    what: str
    own: Callable[[Facts], str]
    """The tenant's own, as a pattern."""
    tenants: Callable[[Facts], str]
    """Any tenant's, as a pattern."""
    never: str = ""
    """What nobody may call so: the vendor's own."""

    def refuses(self, name: str, facts: Facts, shared: tuple[str, ...]) -> str | None:
        """Why a stack may not name it; None when it may."""
        if name in shared:
            return None
        if self.never and _matches(self.never, name.lower()):
            return f"{name} is the vendor's own {self.what}"
        if facts.tenant:
            if _matches(self.own(facts), name):
                return None
            return f"{name} is not the {self.what} of the tenant {facts.tenant}"
        return (
            f"{name} is a tenant's {self.what}: its own stack makes it"
            if _matches(self.tenants(facts), name.lower())
            else None
        )


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _matches(pattern: str, name: str) -> bool:
    return bool(_compiled(pattern).fullmatch(name))


def _plain(facts: Facts) -> str:
    return re.escape(facts.tenant.replace("-", "_"))


def _slug(facts: Facts) -> str:
    return re.escape(facts.tenant)


def _on_host(facts: Facts) -> str:
    return "-".join(re.escape(one) for one in (facts.system, facts.environment) if one)


def _of(name: str) -> Callable[[Facts], str]:
    return lambda _: name


ROLE = Space("role", lambda facts: f"(t|n8n)_{_plain(facts)}", _of("(t|n8n)_.+"), _PREDEFINED)
DATABASE = Space(
    "database", lambda facts: f"(t|n8n)_{_plain(facts)}", _of("(t|n8n)_.+"), "postgres|template[01]|azure_.*"
)
MOUNT = Space("mount", lambda facts: f"kv-{_slug(facts)}", _of("kv-.*"), "sys|auth|identity|cubbyhole")
POLICY = Space("policy, role or key", lambda facts: f"tenant-{_slug(facts)}", _of("tenant-.*"), "root|default")
BLOBS = Space("blob container", lambda facts: f"t-{_slug(facts)}", _of("t-.*"))
BUCKET = Space("bucket", lambda facts: f"{_on_host(facts)}-t-{_slug(facts)}", lambda facts: f"{_on_host(facts)}-t-.*")
IDENTITY = Space(
    "identity", lambda facts: f"id-{_on_host(facts)}-t-{_slug(facts)}", lambda facts: f"id-{_on_host(facts)}-t-.*"
)
CONTAINER = Space(
    "container or volume",
    lambda facts: f"{_on_host(facts)}-t-{_slug(facts)}-(n8n|redis){_OF_A_SILO}",
    lambda facts: f"{_on_host(facts)}-t-.*",
)
TAG = Space("tag", _slug, _of(".+"))
