"""A tenant as its file says it. What is only visible across files is in `tenants.registry`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from settings.parts import Domain, Setting
from settings.problems import fault
from tenants.names import TenantNames
from tenants.rut import normalised

__all__ = ["RESERVED", "Tenant", "is_slug", "slug_fault", "slug_of"]

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
_RULE = "3 to 32 lower-case letters, digits and hyphens, a letter first and no hyphen last"

# Names that mean something in a zone, in mail, or on this platform: a tenant with one of them could pass for it.
_RESERVED = """
abuse admin administrator api app apps assets asuid auth autoconfig autodiscover backup billing blog botpress cdn chat
chatwoot console control dashboard data database demo dev dmarc docs edge email ftp grafana help host hostmaster id
imap internal local localhost login mail metabase monitor mx n8n noc ns1 ns2 odoo operators platform pop
postgres postmaster prod public redis registry root sandbox secure security smarteros smtp ssh sso staging
standby static status storage superset support system template tenant test traefik vault vpn vps webmail
webmaster wpad www
"""
RESERVED = frozenset(_RESERVED.split())


def slug_of(domain: str) -> str:
    """The tenant's slug: the first label of its domain."""
    return domain.partition(".")[0]


def is_slug(text: str) -> bool:
    """Whether a text has the form of a slug. A reserved one has, too: what lives under it can be taken down."""
    return _SLUG.fullmatch(text) is not None


def slug_fault(slug: str) -> tuple[str, str] | None:
    """Why a slug is refused and the mend; None when it may be one."""
    if slug.startswith("xn--"):
        return (
            f"the slug {slug!r} is an encoded name (xn--): it can be mistaken for another",
            "a plain name, as in acme",
        )
    if not is_slug(slug):
        return f"the slug {slug!r} is unsafe as a name of databases and mounts: it has {_RULE}", "as in acme or acme-2"
    if slug in RESERVED or slug.endswith("-standby"):
        return f"the slug {slug!r} is reserved for the platform", "another first label of the domain, as in acme"
    return None


def _with_slug(domain: object) -> object:
    """Before the form of the whole domain is judged: what is wrong with the slug is said of the slug."""
    found = slug_fault(slug_of(domain)) if isinstance(domain, str) else None
    if found is not None:
        raise fault(*found)
    return domain


def _is_name(value: str) -> str:
    if not value.strip() or value != value.strip():
        raise fault("empty, or with spaces around it", 'as in "Acme Corp"')
    if not value.isprintable():
        raise fault("a name is one line of printable characters", 'as in "Acme Corp"')
    return value


Rut = Annotated[str, AfterValidator(normalised)]


class Tenant(Setting):
    """A small business on the platform."""

    rut: Rut = Field(description="Its tax number, as in 12345678-5")
    name: Annotated[str, Field(max_length=100), AfterValidator(_is_name)] = Field(
        description="Its name, 1 to 100 characters, as people write it"
    )
    domain: Annotated[Domain, BeforeValidator(_with_slug)] = Field(
        description="Its name in the platform's zone, as in acme.example.com; the first label is its slug"
    )
    state: Literal["active"] = Field("active", description="What is wanted of it: active")

    @property
    def slug(self) -> str:
        """What it is called everywhere; its file and its stack have this name."""
        return slug_of(self.domain)

    @property
    def names(self) -> TenantNames:
        """What belongs to it is called so."""
        return TenantNames(self.slug)
