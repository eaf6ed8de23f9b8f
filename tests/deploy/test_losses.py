"""Nothing that holds data goes unless it is named: the refusal, through the real engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy import losses
from deploy.engine_run import EngineFailed
from deploy.losses import LossRefused, NotConfirmed, refuse
from deploy.lost import Held, Loss, losses_of
from tests.policy.small_stack import STACK, SmallStack, clouds, small

__all__ = ["clouds", "small"]

GROUP = "azure-native:resources:ResourceGroup"


def group(name: str, protect: bool = True, called: str = "", **inputs: Any) -> dict[str, Any]:
    """A resource group: everything in it goes with it."""
    named = {"resourceGroupName": f"rg-{called or name}", "location": "brazilsouth", **inputs}
    return {"type": GROUP, "name": name, "inputs": named, "protect": protect}


EMPTY = {"type": "random:index/randomId:RandomId", "name": "d", "inputs": {"byteLength": 8}}


def look(stack: SmallStack, *allowed: str, yes: bool = True, protect: bool = False) -> list[str]:
    """What `smos up` does before it runs; answers what was said."""
    said: list[str] = []

    def ask(text: str) -> bool:
        said.append(text)
        return yes

    losses.careful(
        stack.place, stack.project, STACK, [], allowed=allowed, ask=ask, quiet=True, say=said.append, protect=protect
    )
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


@pytest.mark.slow
def test_what_a_killed_run_had_freed_is_protected_again(small: SmallStack) -> None:
    """The protection was taken off, and whoever would have put it back was killed."""
    small.declare([group("k")])
    small.up()
    urn = losses.held_in_state(small.place, small.project, STACK)[0].urn
    small.pulumi("state", "unprotect", urn, "--yes", "--stack", STACK)
    small.declare([])
    with pytest.raises(LossRefused):
        look(small, protect=True)
    assert [one.protected for one in losses.held_in_state(small.place, small.project, STACK)] == [True]
    said = look(small, "k", protect=True)
    assert not any("as the settings say" in line for line in said), "it was protected"


def moved_step(old: str, new: str, op: str = "same", urn: str = "urn:x::v::data") -> str:
    """A step of a resource whose provider was one and is another."""
    sides = {"old": {"urn": urn, "provider": f"{old}::id-1"}, "new": {"urn": urn, "provider": f"{new}::id-2"}}
    return json.dumps({"resourcePreEvent": {"metadata": {"op": op, "urn": urn, **sides}}})


@pytest.mark.parametrize("op", ["same", "update"])
def test_what_moves_to_another_server_is_left_behind_and_no_option_allows_it(op: str) -> None:
    """Only the provider differs: to the engine nothing is deleted, and nothing is made on the new server."""
    held = [Held("urn:x::v::data", GROUP, "files", True)]
    old, new = (
        "urn:x::pulumi:providers:postgresql::databases-vps",
        "urn:x::pulumi:providers:postgresql::databases-azure",
    )
    found, _ = losses_of([moved_step(old, new, op)], held)
    with pytest.raises(LossRefused, match=r"left behind on the old server: files(.|\n)*a move is two runs") as refused:
        refuse("prod", found, ["data", "urn:x::v::data"])
    assert "--allow-loss" not in str(refused.value)


def test_the_same_server_is_no_other_when_its_provider_is_renamed_or_of_another_version() -> None:
    """An alias keeps it the same one; the engine's own providers have their version in the name."""
    held = [Held("urn:x::v::data", GROUP, "files", True)]
    old, new = "urn:x::pulumi:providers:p::before", "urn:x::pulumi:providers:p::after"
    alias = {"resourcePreEvent": {"metadata": {"op": "same", "urn": new, "old": {"urn": old}, "new": {"urn": new}}}}
    assert losses_of([json.dumps(alias), moved_step(old, new)], held) == ([], False)
    versions = [f"urn:x::pulumi:providers:p::default_{version}" for version in ("6_1_0", "6_2_0")]
    assert losses_of([moved_step(versions[0], versions[1])], held) == ([], False)
    assert losses_of([moved_step(new, new)], held) == ([], False)


@pytest.mark.slow
def test_another_provider_is_seen_in_the_engines_own_log(small: SmallStack) -> None:
    """The same group, by an explicit provider that the engine would take over in silence."""
    small.declare([group("m")])
    small.up()
    program = small.project / "__main__.py"
    program.write_text(
        program.read_text().replace("import pulumi\n", PROVIDED).replace("depends_on=", "provider=other, depends_on=")
    )
    with pytest.raises(LossRefused, match="left behind"):
        look(small, "m")


PROVIDED = """import pulumi
other = pulumi.ProviderResource(
    "azure-native", "other", {"subscriptionId": "00000000-0000-4000-8000-000000000001",
                              "tenantId": "00000000-0000-4000-8000-000000000001"})
"""
