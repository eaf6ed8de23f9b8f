"""Questions to Cloudflare's API over HTTP, answered from the inventory: DNS records, origin certificates, buckets,
custom hostnames.

Everything else that the provider does goes through the simulated provider itself; these are asked by whoever looks
for what a killed run created. The token must be of the right shape, as the provider's rules want it; whose it is, is
not checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.core.inventory import Inventory

__all__ = ["PREFIX", "answer"]

PREFIX = "/client/v4/"
_RECORD = "cloudflare:index/dnsRecord:DnsRecord"
_CERTIFICATE = "cloudflare:index/originCaCertificate:OriginCaCertificate"
_HOSTNAME = "cloudflare:index/customHostname:CustomHostname"
_SHOWN = ("hostname", "status")
_ZONE = "sandbox:zone"
_BUCKET = "cloudflare:index/r2Bucket:R2Bucket"


def answer(cloud: Inventory, url: str, authorization: str) -> tuple[int, dict[str, Any]]:
    """Status and body for a GET of `url` (path and query)."""
    if not re.fullmatch(r"Bearer [0-9A-Za-z_-]{40,80}", authorization):
        return 403, _failed(9109, "Invalid access token")
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    path = parts.path.removeprefix(PREFIX).strip("/").split("/")
    if len(path) == 3 and path[0] == "zones" and path[2] == "dns_records":
        return _records(cloud, path[1], query)
    if len(path) == 3 and path[0] == "zones" and path[2] == "custom_hostnames":
        return _custom_hostnames(cloud, path[1], query)
    if len(path) == 4 and path[0] == "accounts" and path[2:] == ["r2", "buckets"]:
        return _buckets(cloud, path[1])
    if path == ["certificates"]:
        return _certificates(cloud, query.get("zone_id", ""))
    return 400, _failed(7000, f"No route for that URI: {parts.path} is not simulated")


def _records(cloud: Inventory, zone: str, query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    if not any(one.id == zone for one in cloud.find(_ZONE)):
        return 404, _failed(1001, "Invalid zone identifier")
    found = [one for one in cloud.find(_RECORD) if one.inputs.get("zoneId") == zone]
    for name in ("name", "type"):
        if name in query:
            found = [one for one in found if str(one.inputs.get(name)).lower() == query[name].lower()]
    shown = ("name", "type", "content", "ttl", "proxied", "comment")
    return 200, _listed([{"id": one.id, **{name: one.outputs.get(name) for name in shown}} for one in found])


def _custom_hostnames(cloud: Inventory, zone: str, query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    if not any(one.id == zone for one in cloud.find(_ZONE)):
        return 404, _failed(1001, "Invalid zone identifier")
    found = [one for one in cloud.find(_HOSTNAME) if one.inputs.get("zoneId") == zone]
    if "hostname" in query:
        found = [one for one in found if str(one.inputs.get("hostname")).lower() == query["hostname"].lower()]
    return 200, _listed([{"id": one.id, **{name: one.outputs.get(name) for name in _SHOWN}} for one in found])


def _buckets(cloud: Inventory, account: str) -> tuple[int, dict[str, Any]]:
    if not any(one.inputs.get("accountId") == account for one in cloud.find(_ZONE)):
        return 404, _failed(10006, "Account not found")
    names = [one.inputs["name"] for one in cloud.find(_BUCKET) if one.inputs.get("accountId") == account]
    return 200, {**_listed([]), "result": {"buckets": [{"name": name} for name in names]}}


def _certificates(cloud: Inventory, zone: str) -> tuple[int, dict[str, Any]]:
    domain = next((str(one.inputs["name"]) for one in cloud.find(_ZONE) if one.id == zone), None)
    if domain is None:
        return 400, _failed(1005, "zone_id is required, and must be a zone of this account")
    found = [
        {
            "id": one.id,
            "csr": one.inputs.get("csr"),
            "hostnames": one.inputs.get("hostnames"),
            "expires_on": one.outputs.get("expiresOn"),
        }
        for one in cloud.find(_CERTIFICATE)
        if any(host == domain or str(host).endswith(f".{domain}") for host in one.inputs.get("hostnames") or [])
    ]
    return 200, _listed(found)


def _listed(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"success": True, "errors": [], "messages": [], "result": found, "result_info": {"count": len(found)}}


def _failed(code: int, message: str) -> dict[str, Any]:
    return {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
