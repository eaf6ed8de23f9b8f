"""Asks Cloudflare for whole lists, with the token that makes the records. What of them is a tenant's, its steps say."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from typing import Any

from deploy.guards import NotReady
from deploy.identities import means_of
from deploy.json_api import NoAnswer, asked
from tenants.session import PlatformSession

__all__ = ["listed"]

PAGE = 100


def listed(session: PlatformSession, path: str) -> Iterator[dict[str, Any]]:
    """Every one: some lists of Cloudflare have numbered pages, others (buckets) go on at a cursor."""
    address = means_of(session.place, session.settings).cloudflare
    page, cursor = 1, ""
    while True:
        query = {"per_page": PAGE, **({"cursor": cursor} if cursor else {"page": page})}
        answer = _get(f"{address}/{path}?{urllib.parse.urlencode(query)}", session.secrets.cloudflare_token)
        result = answer.get("result") or []
        yield from result.get("buckets") or [] if isinstance(result, dict) else result
        about = answer.get("result_info") or {}
        cursor, page = str(about.get("cursor") or ""), page + 1
        if not cursor and page > int(about.get("total_pages") or 1):
            return


def _get(url: str, token: str) -> dict[str, Any]:
    try:
        return asked(url, token=token)
    except NoAnswer as error:
        raise NotReady(f"Cloudflare does not say what is left: {error}. Fix: try again") from None
