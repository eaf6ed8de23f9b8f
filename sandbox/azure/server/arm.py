"""Lists of Azure's Resource Manager over HTTP, answered from the inventory: containers, identities, role assignments.

Everything else goes through the simulated provider itself; these are asked by whoever looks for what a tenant left.
As the real one, it wants a version that it knows, and has pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.core.inventory import Inventory
from sandbox.core.records import Record

__all__ = ["PREFIX", "answer"]

PREFIX = "/arm"
PAGE = 100
_GROUP = r"(?P<group>/subscriptions/[^/]+/resourceGroups/[^/]+)/providers/Microsoft\."
_LISTS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "azure-native:storage:BlobContainer": (
        re.compile(rf"{_GROUP}Storage/storageAccounts/[^/]+/blobServices/default/containers", re.I),
        "2024-01-01",
    ),
    "azure-native:managedidentity:UserAssignedIdentity": (
        re.compile(rf"{_GROUP}ManagedIdentity/userAssignedIdentities", re.I),
        "2023-01-31",
    ),
    "azure-native:authorization:RoleAssignment": (
        re.compile(rf"{_GROUP}Authorization/roleAssignments", re.I),
        "2022-04-01",
    ),
}


def answer(cloud: Inventory, url: str, authorization: str, address: str) -> tuple[int, dict[str, Any]]:
    """Status and body for a GET of `url`; `address` is where it was asked, for the next page."""
    if not authorization.startswith("Bearer "):
        return 401, _failed("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    path = parts.path.removeprefix(PREFIX)
    for token, (pattern, version) in _LISTS.items():
        match = pattern.fullmatch(path)
        if match is None:
            continue
        if "api-version" not in query:
            return 400, _failed("MissingApiVersionParameter", "The api-version query parameter is required.")
        if query["api-version"] != version:
            return 400, _failed("InvalidResourceType", f"{query['api-version']} is not simulated; {version} is")
        found = [one for one in cloud.find(token) if _below(one, match["group"], path, token)]
        return 200, _page(found, int(query.get("$skiptoken", "0")), f"{address}{path}?api-version={version}")
    return 404, _failed("InvalidResourceType", f"{path} is not simulated")


def _below(record: Record, group: str, path: str, token: str) -> bool:
    """A role assignment belongs to the scope that it is about; everything else to what its id begins with."""
    where = str(record.inputs.get("scope", "")) if token.endswith(":RoleAssignment") else record.id
    begin = group if token.endswith(":RoleAssignment") else path
    return where.lower().startswith(begin.lower())


def _page(found: list[Record], begin: int, address: str) -> dict[str, Any]:
    shown = found[begin : begin + PAGE]
    more = {"nextLink": f"{address}&$skiptoken={begin + PAGE}"} if len(found) > begin + PAGE else {}
    return {"value": [_shown(one) for one in shown], **more}


def _shown(record: Record) -> dict[str, Any]:
    about = {key: record.inputs[key] for key in ("scope", "principalId", "metadata") if key in record.inputs}
    return {
        "id": record.id,
        "name": record.id.rsplit("/", 1)[-1],
        "properties": about,
        "tags": record.inputs.get("tags") or {},
    }


def _failed(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}
