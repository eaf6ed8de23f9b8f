"""What only one tenant of a zone can have. Whether two have it, the registry says."""

from __future__ import annotations

from collections.abc import Iterator

from tenants.model import Tenant

__all__ = ["unique_to"]


def unique_to(tenant: Tenant) -> Iterator[tuple[str, str, str]]:
    """What only one tenant can have: kind, path into its file, value."""
    yield "rut", "rut", tenant.rut
    yield "domain", "domain", tenant.domain
    channels = tenant.channels
    yield from (("domain", f"domains/{index}", value) for index, value in enumerate(tenant.domains))
    for index, one in enumerate(channels.whatsapp):
        yield "number", f"channels/whatsapp/{index}/number", one.number
        yield "number's id", f"channels/whatsapp/{index}/phoneNumberId", one.phone_number_id
    yield from (("address", f"channels/email/{index}", value) for index, value in enumerate(channels.email))
    yield from (
        ("bot", f"channels/telegram/{index}/bot", one.bot.lower()) for index, one in enumerate(channels.telegram)
    )
    yield from (("shop", f"shopify/{index}/store", one.store) for index, one in enumerate(tenant.shopify))
    if tenant.redis is not None:
        yield "place of a Redis", "redis/place", str(tenant.redis.place)
    if tenant.identities.clerk:
        yield "organisation", "identities/clerk/organizationId", tenant.identities.clerk.organization_id
    if tenant.identities.supabase:
        yield "project", "identities/supabase/projectRef", tenant.identities.supabase.project_ref
