"""What a killed run left: what is taken into the state, what is forgotten, and what is left to the operator."""

from __future__ import annotations

from typing import Any

import pytest

from deploy import repair
from deploy.claims import NO_CLAIMS, Claims
from deploy.identities import Pending
from deploy.repair import _not_for_sure, adopted, pending_creates, sorted_by_need


def resource(name: str, identity: str = "", **more: Any) -> dict[str, Any]:
    """A resource of a deployment."""
    found = {"urn": f"urn:pulumi:prod::smarteros::t:t:T::{name}", "custom": True, "type": "t:t:T", **more}
    return {**found, "id": identity} if identity else found


def deployment(*resources: dict[str, Any], creating: dict[str, Any] | None = None) -> dict[str, Any]:
    """A deployment with one creation without an end."""
    operations = [{"type": "creating", "resource": creating}] if creating else []
    return {"manifest": {}, "resources": list(resources), "pending_operations": operations}


def test_what_exists_is_taken_in_to_be_read_before_it_is_used() -> None:
    """The mark survives a second kill: whatever happens next, it is read before the next update."""
    begun = resource("a", inputs={"name": "x"})
    after = adopted(deployment(creating=begun), {begun["urn"]: "id-a"})
    assert "pending_operations" not in after
    (taken,) = after["resources"]
    assert (taken["id"], taken["outputs"], taken["refreshBeforeUpdate"]) == ("id-a", {"name": "x", "id": "id-a"}, True)


def test_what_does_not_exist_is_forgotten() -> None:
    """So that it is created anew."""
    assert adopted(deployment(resource("b", "id-b"), creating=resource("a")), {})["resources"] == [
        resource("b", "id-b")
    ]


def test_what_is_known_already_is_never_marked_for_deletion() -> None:
    """The old and the new one are the same thing: deleting the old one would be the loss of both."""
    known, begun = resource("a", "id-a", inputs={"size": 1}), resource("a", inputs={"size": 2})
    assert adopted(deployment(known, creating=begun), {begun["urn"]: "id-a"})["resources"] == [known]


def test_a_replacement_that_was_made_makes_the_old_one_go() -> None:
    """Created before its forerunner was deleted: who needs it comes after it in the state."""
    old, begun = resource("a", "old", inputs={"csr": 1}), resource("a", inputs={"csr": 2}, dependencies=["urn:key"])
    user = resource("user", "id-user", dependencies=[old["urn"]])
    key = {"urn": "urn:key", "custom": True, "type": "t:t:T", "id": "key"}
    after = adopted(deployment(old, user, key, creating=begun), {begun["urn"]: "new"})["resources"]
    assert [(one.get("id"), one.get("delete", False)) for one in after] == [
        ("old", True),
        ("key", False),
        ("new", False),
        ("id-user", False),
    ]


def test_components_and_what_came_to_be_since_are_no_matter() -> None:
    """A component is registered by the next run; what a later run created is there."""
    component = {"type": "creating", "resource": {**resource("c"), "custom": False}}
    since = {"type": "creating", "resource": resource("a", inputs={"n": 1})}
    held = deployment(resource("a", "id-a", inputs={"n": 1}))
    assert pending_creates({**held, "pending_operations": [component, since]}) == []


def test_order_is_kept_where_nothing_is_needed_earlier() -> None:
    """The state stays as the engine wrote it."""
    many = [resource(f"r{number}", str(number)) for number in range(5)]
    assert sorted_by_need(many) == many


DATABASE = "postgresql:index/database:Database"
BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
GROUP = "azure-native:resources:ResourceGroup"
SECRET_TEXT = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}


def judged(token: str, inputs: dict[str, Any], has: dict[str, Any], claims: Claims = NO_CLAIMS) -> str:
    """What is said of something that exists under the id that a killed run's creation would have."""
    begun = {"urn": f"urn:pulumi:prod::smarteros::{token}::it", "type": token, "inputs": inputs}
    vendors = {**begun, "id": "it", "inputs": {}, "outputs": has}
    at = {"port": "1", "username": "root", "password": "x", "sslmode": "disable"}
    one = Pending(urn=f"urn:pulumi:prod::smarteros::{token}::it", token=token, inputs=inputs, provider=at)
    return "; ".join(why for why, _ in _not_for_sure(begun, vendors, one, claims))


def test_what_a_killed_run_was_making_is_not_taken_from_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its mark where it bears one; else it must be as it was to be, and what may hold data be empty or named."""
    mark, own = "a" * 24, {"tags": {"smarteros-intent": "a" * 24}}
    assert judged(GROUP, own, own) == ""
    assert "mark" in judged(GROUP, own, {"tags": {"smarteros-intent": mark[::-1].replace("a", "b")}})
    assert judged("postgresql:index/role:Role", {"name": "it", "password": SECRET_TEXT}, {"name": "it"}) == ""
    named = Claims(take=("it",))
    asked = Claims(ask=lambda _: True)
    assert "may hold data" in judged(BUCKET, {"name": "it"}, {"name": "it"})
    assert judged(BUCKET, {"name": "it"}, {"name": "it"}, named) == ""
    assert judged(BUCKET, {"name": "it"}, {"name": "it"}, asked) == ""
    assert "location" in judged(BUCKET, {"name": "it", "location": "weur"}, {"name": "it", "location": "enam"}, named)
    wanted, has = {"name": "it", "lcCollate": "DEFAULT"}, {"name": "it", "lcCollate": "C.UTF-8", "owner": "x"}
    for empty in (True, False):
        monkeypatch.setattr(repair, "is_empty", lambda *_, empty=empty: empty)
        assert (judged(DATABASE, wanted, has) == "") == empty
    assert judged(DATABASE, wanted, has, named) == ""
