"""Nothing that holds data goes unless it is named: the refusal, through the real engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy import losses
from deploy.engine_run import EngineFailed
from deploy.losses import Held, Loss, LossRefused, NotConfirmed, losses_of, refuse
from tests.policy.small_stack import STACK, SmallStack, clouds, small

__all__ = ["clouds", "small"]

GROUP = "azure-native:resources:ResourceGroup"


def group(name: str, protect: bool = True, called: str = "", **inputs: Any) -> dict[str, Any]:
    """A resource group: everything in it goes with it."""
    named = {"resourceGroupName": f"rg-{called or name}", "location": "brazilsouth", **inputs}
    return {"type": GROUP, "name": name, "inputs": named, "protect": protect}


EMPTY = {"type": "random:index/randomId:RandomId", "name": "d", "inputs": {"byteLength": 8}}


def look(stack: SmallStack, *allowed: str, yes: bool = True) -> list[str]:
    """What `smos up` does before it runs; answers what was said."""
    said: list[str] = []

    def ask(text: str) -> bool:
        said.append(text)
        return yes

    losses.careful(stack.place, stack.project, STACK, [], allowed=allowed, ask=ask, quiet=True, say=said.append)
    return said


@pytest.mark.slow
def test_everything_that_would_go_is_named_and_stays(small: SmallStack) -> None:
    """Removed from the program, protected or not: both are named at once, with the option that lets them go."""
    small.declare([group("a"), group("b"), group("c", protect=False), EMPTY])
    small.up()
    small.declare([group("a")])
    with pytest.raises(LossRefused) as refused:
        look(small, "b")
    text = str(refused.value)
    assert "c (azure-native:resources:ResourceGroup) would be deleted: everything in the group goes with it" in text
    assert "--allow-loss c" in text
    assert "  b (" not in text, "it was named"
    assert "  d (" not in text, "it holds no data"
    assert small.names() == {"a", "b", "c", "d"}
    with pytest.raises(LossRefused, match="--allow-loss b --allow-loss c"):
        look(small)
    said = look(small, "b", "c")
    assert "b (azure" in said[-1]
    small.up()
    assert small.names() == {"a"}


@pytest.mark.slow
def test_a_replacement_of_what_is_protected_is_a_loss_and_protection_comes_back(small: SmallStack) -> None:
    """Another name replaces a resource group. Refused, it is still protected; named but not confirmed, it is again."""
    small.declare([group("r")])
    small.up()
    small.declare([group("r", called="other")])
    with pytest.raises(LossRefused, match=r"r \(azure.* would be replaced"):
        look(small)
    with pytest.raises(NotConfirmed):
        look(small, "r", yes=False)
    assert "protect" in small.fails("up", "--yes", "--skip-preview", "--stack", STACK)
    look(small, "r")
    small.up()
    assert small.names() == {"r"}


@pytest.mark.slow
def test_a_preview_that_fails_for_another_reason_fails(small: SmallStack) -> None:
    """What the vendor refuses is told as it is, not as a loss."""
    small.declare([group("a", nonsense=1)])
    with pytest.raises(EngineFailed, match="nonsense"):
        look(small)


def test_a_name_that_two_have_names_neither() -> None:
    """Two things of one name are named by their URNs."""
    two = [Loss(f"urn:x::{kind}::data", kind, "deleted", "files") for kind in ("p", "q")]
    with pytest.raises(LossRefused, match="--allow-loss 'urn:x::p::data'"):
        refuse("prod", two, ["data"])
    refuse("prod", two, [loss.urn for loss in two])


def test_a_mandatory_policy_is_no_protection() -> None:
    """A preview that a policy stopped is never taken for one that only protection stopped."""
    held = [Held("urn:x::v::data", GROUP, "files", True)]
    protected = {"diagnosticEvent": {"severity": "error", "urn": "urn:x::v::data", "message": "it is protected"}}
    policy = {"policyEvent": {"enforcementLevel": "mandatory"}}
    found, only = losses_of([json.dumps(protected)], held)
    assert ([loss.name for loss in found], only) == (["data"], True)
    assert losses_of([json.dumps(protected), json.dumps(policy)], held)[1] is False
