"""Makes an example's names and ids those of the account: examples are the vendors' own, with ids of nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.live.account import Account
from tests.sandbox.test_examples import Case

__all__ = ["Replayable", "replayable"]

GLOBAL_NAMES = ("accountName", "vaultName", "serverName")
"""Inputs whose values are unique in all of Azure: they get the run's mark."""
GIVEN = ("azure-native:resources:ResourceGroup",)
"""What the run has made for all of its cases."""


@dataclass(frozen=True)
class Replayable:
    """A case as the account can be asked it."""

    before: list[dict[str, Any]]
    """What is made first: type, name, inputs."""
    inputs: dict[str, Any]


def replayable(case: Case, account: Account, group: str, mark: str) -> Replayable:
    """The case in the account's terms. `mark`: lower-case letters and digits that no other run has."""
    parts, texts = _words(case, account, group, mark)
    before = [
        {"type": one["token"], "name": f"before-{index}", "inputs": _translated(one.get("inputs", {}), parts, texts)}
        for index, one in enumerate(case.existing)
        if not one["token"].startswith("sandbox:") and one["token"] not in GIVEN
    ]
    return Replayable(before, _translated(case.inputs, parts, texts))


def _words(case: Case, account: Account, group: str, mark: str) -> tuple[dict[str, str], dict[str, str]]:
    """(whole words and parts of ids, texts inside texts) → what stands for them in the account."""
    texts: dict[str, str] = {}
    parts: dict[str, str] = {}
    ids = {"subscriptionId": account.subscription, "tenantId": account.tenant}
    texts |= {str(case.config[key]): value for key, value in ids.items() if value and key in case.config}
    there = {one["token"] for one in case.existing}
    usual = case.right.get("existing") or []
    absent = any(one["token"] in GIVEN for one in usual) and not there & set(GIVEN)
    for one in [{"inputs": case.right["inputs"], "token": case.token}, *usual, *case.existing]:
        inputs = one.get("inputs", {})
        if one["token"] == "sandbox:zone":
            texts |= {inputs["zoneId"]: account.zone_id if "sandbox:zone" in there else "f" * 32}
            texts |= {inputs["name"]: account.zone}
        if "accountId" in inputs and one["token"].startswith(("cloudflare:", "sandbox:zone")):
            texts[inputs["accountId"]] = account.account_id
        if "resourceGroupName" in inputs:
            # What is wrong with such a case is that its group does not exist: the run's own does.
            parts[inputs["resourceGroupName"]] = f"{group}-absent" if absent else group
        for key in GLOBAL_NAMES:
            if isinstance(inputs.get(key), str):
                parts[inputs[key]] = f"{inputs[key][:16]}{mark}"
    return parts, texts


def _translated(value: Any, parts: Mapping[str, str], texts: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for old, new in texts.items():
            value = value.replace(old, new)
        return "/".join(parts.get(one, one) for one in value.split("/"))
    if isinstance(value, Mapping):
        return {key: _translated(inner, parts, texts) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [_translated(inner, parts, texts) for inner in value]
    return value
