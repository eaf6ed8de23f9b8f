"""What of a stack runs a service's code, read from its state: taken away while its data is captured or put back, so
that nobody writes meanwhile, and no older code meets newer data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kept.operator_error import OperatorError
from policy.stateful import holds, plain_token

__all__ = ["RUNS_CODE", "HoldsData", "code_of", "taken_along"]

RUNS_CODE = frozenset({"docker:index/container:Container", "azure-native:app:ContainerApp"})
"""The types that run a service's program. What it keeps is in others: volumes, databases, blobs."""
_COMPONENT = "smarteros:services:"


class HoldsData(OperatorError):
    """Something that holds data depends on what would be taken away."""


def code_of(deployment: Mapping[str, Any], service: str) -> list[str]:
    """The URNs of what runs a service's code, in the state's order; none where it does not run."""
    resources = list(deployment.get("resources") or [])
    inside = {str(one["urn"]) for one in resources if _is_component(one, service)}
    found = []
    for one in resources:  # a parent stands before its children
        if one.get("parent") in inside:
            inside.add(str(one["urn"]))
            if plain_token(str(one["type"])) in RUNS_CODE and not one.get("delete"):
                found.append(str(one["urn"]))
    return found


def taken_along(deployment: Mapping[str, Any], urns: Iterable[str]) -> list[str]:
    """What the engine takes away with them, because it depends on one of them. Raises HoldsData where that is data."""
    resources = list(deployment.get("resources") or [])
    going = set(urns)
    along = []
    for one in resources:  # what something depends on stands before it
        urn = str(one["urn"])
        if urn not in going and going & _needs(one):
            going.add(urn)
            along.append(urn)
            why = holds(plain_token(str(one["type"])), one.get("inputs") or {})
            if why:
                name = urn.rpartition("::")[2]
                raise HoldsData(f"{name} depends on what would be stopped, and {why}. Fix: ./smos up, and try again")
    return along


def _is_component(resource: Mapping[str, Any], service: str) -> bool:
    urn = str(resource["urn"])
    return str(resource["type"]).startswith(_COMPONENT) and urn.rpartition("::")[2] == service


def _needs(resource: Mapping[str, Any]) -> set[str]:
    properties = (resource.get("propertyDependencies") or {}).values()
    named = {str(one) for many in properties for one in many or ()}
    provider = str(resource.get("provider") or "").rpartition("::")[0]
    parts = (resource.get("parent"), provider, resource.get("deletedWith"))
    return named | {str(one) for one in resource.get("dependencies") or ()} | {str(one) for one in parts if one}
