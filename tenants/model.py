"""A tenant as its file says it. What is only visible across files is in `tenants.registry`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from settings.parts import Domain, Setting, matching
from settings.problems import fault
from settings.tunnels import REDIS_PLACES
from tenants.channels import Channels, Identities, Shop
from tenants.names import TenantNames
from tenants.rut import normalised
from tenants.tiers import REDIS_SIZES, SILOS, TIERS, Quotas, Tier, WantedQuotas

__all__ = ["RESERVED", "State", "Tenant", "excesses", "is_slug", "slug_fault", "slug_of"]

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
_RULE = "3 to 32 lower-case letters, digits and hyphens, a letter first and no hyphen last"

# Names that mean something in a zone, in mail, or on this platform: a tenant with one of them could pass for it.
_RESERVED = """
abuse admin administrator api app apps assets asuid auth autoconfig autodiscover backup billing blog botpress cdn chat
chatwoot console control dashboard data database demo dev dmarc docs edge email ftp grafana help holding host
hostmaster id imap internal local localhost login mail mcp metabase monitor mx n8n noc ns1 ns2 odoo operators pausa
platform pop postgres postmaster prod public redis registry root sandbox secure security smarteros smtp ssh sso
staging standby static status storage superset support system template tenant test traefik vault vpn vps webmail
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
    if "--" in slug:
        # https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
        return f"the slug {slug!r} has two hyphens side by side: Azure takes no such container", "one of them"
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


@cache
def _timezones() -> frozenset[str]:
    """Asked for once: the answer is read from some hundreds of files."""
    return frozenset(available_timezones())


def _is_timezone(value: str) -> str:
    if value not in _timezones():
        raise fault("not a time zone of the IANA database", "as in America/Santiago")
    return value


def _is_own_domain(value: str) -> str:
    if any(label.startswith("xn--") for label in value.split(".")):
        raise fault("an encoded name (xn--): it can be mistaken for another", "a plain name, as in www.acme.cl")
    if len(value) > _LONGEST_NAME:
        raise fault(f"a name in the DNS has at most {_LONGEST_NAME} characters", "a shorter one")
    if any(len(label) > _LONGEST_LABEL for label in value.split(".")):
        raise fault(f"between two dots a name in the DNS has at most {_LONGEST_LABEL} characters", "a shorter one")
    return value


_LONGEST_NAME, _LONGEST_LABEL = 253, 63
"""RFC 1035, 2.3.4."""
_LOCALE = matching("[a-z]{2}-[A-Z]{2}", "not a language and a country", "as in es-CL")
Rut = Annotated[str, AfterValidator(normalised)]
OwnDomain = Annotated[Domain, AfterValidator(_is_own_domain)]
State = Literal["active", "suspended", "offboarding", "importing"]


class Isolation(Setting):
    """Of which services the tenant has an instance of its own (silo) instead of a share of everybody's (pool)."""

    n8n: Literal["pool", "silo"] = Field("pool", description="Its workflow engine: pool or silo")


class OwnRedis(Setting):
    """A Redis that nobody else uses, on the host of the reverse proxy."""

    place: int = Field(
        ge=1,
        le=REDIS_PLACES,
        description=f"At which of the host's places, 1 to {REDIS_PLACES}: no two tenants have one",
    )


class Tenant(Setting):
    """A small business on the platform."""

    rut: Rut = Field(description="Its tax number, as in 12345678-5")
    name: Annotated[str, Field(max_length=100), AfterValidator(_is_name)] = Field(
        description="Its name, 1 to 100 characters, as people write it"
    )
    domain: Annotated[Domain, BeforeValidator(_with_slug)] = Field(
        description="Its name in the platform's zone, as in acme.example.com; the first label is its slug"
    )
    domains: tuple[OwnDomain, ...] = Field((), description="Domains of its own beside it, as in www.acme.cl")
    tier: Tier = Field("basic", description="What it pays for: basic, pro or enterprise (tenants/tiers.py)")
    quotas: WantedQuotas = Field(WantedQuotas.model_validate({}), description="Less than its tier allows")
    isolation: Isolation = Field(Isolation.model_validate({}), description="What it has of its own")
    redis: OwnRedis | None = Field(None, description="A Redis of its own, for the tiers pro and enterprise")
    identities: Identities = Field(Identities.model_validate({}), description="Where its people log in")
    channels: Channels = Field(Channels.model_validate({}), description="Over which people write to it")
    shopify: tuple[Shop, ...] = Field((), description="Its shops at Shopify")
    locale: Annotated[str, AfterValidator(_LOCALE)] = Field("es-CL", description="Language and country, as in es-CL")
    timezone: Annotated[str, AfterValidator(_is_timezone)] = Field("America/Santiago", description="Its time zone")
    wave: int = Field(1, ge=0, le=9, description="When a run on all reaches it: 0 are the canaries, 9 the last")
    state: State = Field("active", description="What is wanted of it: active, suspended, offboarding or importing")

    @property
    def slug(self) -> str:
        """What it is called everywhere; its file and its stack have this name."""
        return slug_of(self.domain)

    @property
    def names(self) -> TenantNames:
        """What belongs to it is called so."""
        return TenantNames(self.slug)

    @property
    def granted(self) -> Quotas:
        """What it may use: its tier's quotas, less where its file says so."""
        wanted = {key: value for key, value in self.quotas.model_dump().items() if value is not None}
        return TIERS[self.tier].model_copy(update=wanted)

    @property
    def has_own_instances(self) -> bool:
        """Whether its file asks for anything that runs for it alone, on a host of the platform's."""
        return self.redis is not None or "silo" in self.isolation.model_dump().values()

    @property
    def every_domain(self) -> tuple[str, ...]:
        """Its name in the zone, and its own domains."""
        return (self.domain, *self.domains)


def excesses(tenant: Tenant) -> Iterator[tuple[str, object, str, str]]:
    """What its file asks for beyond its tier: path, value, why, mend."""
    tier = TIERS[tenant.tier]
    for key, field in WantedQuotas.model_fields.items():
        wanted, most = getattr(tenant.quotas, key), getattr(tier, key)
        if wanted is not None and wanted > most:
            less = str(most) if most else "leave it out"
            yield f"quotas/{field.alias}", wanted, f"the tier {tenant.tier} allows {most}", f"{less}, or another tier"
    counts = {"domains": (len(tenant.domains), "custom_domains"), "channels": (tenant.channels.count(), "channels")}
    for path, (count, quota) in counts.items():
        most = getattr(tenant.granted, quota)
        if count > most:
            yield path, count, f"there are {count}, its quota allows {most}", f"{most} of them, or another tier"
    if tenant.redis is not None and tenant.tier not in REDIS_SIZES:
        why = f"the tier {tenant.tier} has no Redis"
        yield "redis", f"place {tenant.redis.place}", why, f"leave it out, or tier: {' or '.join(REDIS_SIZES)}"
    for service, kind in tenant.isolation.model_dump().items():
        if kind == "silo" and service not in SILOS[tenant.tier]:
            able = [name for name, services in SILOS.items() if service in services]
            why = f"the tier {tenant.tier} has no {service} of its own"
            yield f"isolation/{service}", kind, why, f"pool, or tier: {' or '.join(able)}"
    for path, value in _twice_in(tenant):
        yield path, value, "it stands there twice", "once"


def _twice_in(tenant: Tenant) -> Iterator[tuple[str, str]]:
    channels = tenant.channels
    lists = {
        "domains": list(tenant.every_domain),
        "channels/whatsapp": [one.number for one in channels.whatsapp],
        "channels/email": list(channels.email),
        "channels/web": list(channels.web),
        "channels/telegram": [one.bot.lower() for one in channels.telegram],
        "shopify": [one.store for one in tenant.shopify],
    }
    for path, values in lists.items():
        yield from ((path, value) for index, value in enumerate(values) if value in values[:index])
