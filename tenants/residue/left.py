"""Something of a tenant that should be gone; and whose a name is, which is harder than it looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tenants.model import Tenant
from tenants.names import TenantNames

__all__ = ["Left", "Sought"]


@dataclass(frozen=True)
class Left:
    """Where it is, what it is, and how it goes."""

    where: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. Fix: {self.mend}"


@dataclass(frozen=True)
class Sought:
    """The tenant that should be gone, and everybody who is there beside it: what is theirs is none of its."""

    tenant: Tenant
    others: frozenset[str] = frozenset()
    """Slugs, of the registry and of every live stack."""

    @classmethod
    def among(cls, tenant: Tenant, slugs: Iterable[str]) -> Sought:
        """The tenant among all slugs, its own included or not."""
        return cls(tenant, frozenset(slugs) - {tenant.slug})

    def carries(self, name: str, called: Callable[[TenantNames], str], joint: str) -> bool:
        """Whether a name is the tenant's own, or that of a copy which somebody made by hand: the tenant's name, `joint`
        and more. One that begins as another tenant's longer name does is that tenant's: of acme, acme-2 and
        t_acme_2_old, it is acme-2's.
        """
        best = max(
            (
                wanted
                for slug in {self.tenant.slug, *self.others}
                if _begins(name, wanted := called(TenantNames(slug)), joint)
            ),
            key=len,
            default="",
        )
        return best == called(self.tenant.names)


def _begins(name: str, wanted: str, joint: str) -> bool:
    return name == wanted or name.startswith(f"{wanted}{joint}")
