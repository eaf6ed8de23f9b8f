"""The copy of a tenant's state on which it is closed while its own can't be read: no secret, nothing that needs one."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deploy.guards import NotReached
from deploy.target import RunTarget
from tenants import closing, desired, lifecycle
from tenants.closing import without_secrets
from tenants.model import State, Tenant
from tenants.registry import Entry

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "vault:v1:abc"}
URN = "urn:pulumi:acme::smarteros-tenants-32::"


def one(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"urn": f"{URN}{kind}::{name}", "type": kind, "custom": True, "inputs": {}, "outputs": {}, **more}


def test_every_secret_is_the_same_nothing() -> None:
    """In inputs, outputs and lists, at any depth; what was equal stays equal, so that no password is changed."""
    role = one("postgresql:index/role:Role", "database-owner", inputs={"password": SECRET, "login": True})
    word = one("random:index/randomPassword:RandomPassword", "database-password", outputs={"all": [{"result": SECRET}]})
    copied = without_secrets({"resources": [role, word], "pending_operations": [{"type": "updating"}]})
    assert "ciphertext" not in json.dumps(copied)
    assert "pending_operations" not in copied
    owner, password = copied["resources"]
    assert owner["inputs"]["password"] == password["outputs"]["all"][0]["result"]
    assert owner["inputs"]["login"] is True


def test_what_needs_a_secret_to_be_written_is_left_out_and_nobody_waits_for_it() -> None:
    """What stands in Vault, containers, a user on the Redis of all: and with them whatever led to them."""
    vault, box = one("vault:index/policy:Policy", "vault-policy"), one("docker:index/container:Container", "redis")
    user, provider = one("smarteros-apps:redis:AclUser", "redis-user"), one("pulumi:providers:vault", "vault")
    gone = [each["urn"] for each in (vault, box, user, provider)]
    record = one(
        "cloudflare:index/dnsRecord:DnsRecord",
        "dns-record",
        dependencies=[*gone, f"{URN}x::kept"],
        propertyDependencies={"content": gone, "name": None},
        deletedWith=gone[0],
    )
    (left,) = without_secrets({"resources": [vault, box, user, provider, record]})["resources"]
    assert left["dependencies"] == [f"{URN}x::kept"]
    assert left["propertyDependencies"] == {"content": [], "name": []}
    assert "deletedWith" not in left


@pytest.mark.parametrize(("state", "closed"), [("suspended", True), ("offboarding", True), ("active", False)])
def test_who_is_being_closed_is_closed_as_far_as_can_be(
    monkeypatch: pytest.MonkeyPatch, state: State, closed: bool
) -> None:
    """And whoever is opened is told why not, as before."""
    asked: list[str] = []

    def away(*_: Any, **__: Any) -> None:
        raise NotReached("the host vps does not answer")

    monkeypatch.setattr(lifecycle, "apply", away)
    monkeypatch.setattr(closing, "close_as_far", lambda *words: asked.append(str(words[3])))
    tenant = Tenant.model_validate({"rut": "12345678-5", "name": "Acme", "domain": "acme.example.com"})
    entry = cast(Entry, SimpleNamespace(tenant=tenant))
    registry: Any = SimpleNamespace(find=lambda _: entry, set_state=lambda *_: False)
    place: Any = cast(RunTarget, None)
    with pytest.raises(NotReached):
        desired.set_state(place, "prod", lambda: registry, "acme", state, lambda _: None)
    assert asked == (["the host vps does not answer"] if closed else [])
