"""A live tenant's stack stays its own: no other company, and no other server, takes it over."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pulumi
import pytest
from pulumi.runtime import mocks

from deploy.guards import NotReady
from deploy.target import RunTarget
from tenants import status
from tenants.model import Tenant
from tenants.ownership import check_ownership
from tenants.registry import Registry, RegistryError
from tenants.stack import program
from tests.components.declared import Answers, Recorder
from tests.tenants.test_stack import SECRETS, platform

ACME = Tenant.model_validate({"rut": "12345678-5", "name": "Acme", "domain": "acme-2.example.com"})
OTHER = Tenant.model_validate({"rut": "76086428-5", "name": "Otra", "domain": "acme-2.example.com"})
PLACE = cast(RunTarget, None)


@pytest.fixture
def known() -> dict[str, Any]:
    """What the live stack exports; may be changed."""
    return {
        "slug": "acme-2",
        "rut": "12345678-5",
        "environment": "prod",
        "database": {"server": "vps", "host": "172.30.1.11"},
    }


def look(known: dict[str, Any], tenant: Tenant | None = None) -> None:
    """What each run looks at first."""
    found = {"resources": [{"type": "pulumi:pulumi:Stack", "outputs": {"tenant": known}}]}
    check_ownership(found, "acme-2", platform(True), tenant)


def test_the_stack_says_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its output carries what the guards compare."""
    exported: dict[str, Any] = {}
    monkeypatch.setattr("tenants.stack.pulumi.export", exported.__setitem__)
    mocks.set_mocks(Answers(), project="smarteros-tenants", stack="acme-2", preview=False, monitor=Recorder())
    pulumi.runtime.test(program(ACME, platform(False), SECRETS))()  # type: ignore[no-untyped-call] # untyped SDK
    known = exported["tenant"]
    assert (known["rut"], known["database"]["server"]) == ("12345678-5", "vps")
    assert known["database"]["host"] == "172.30.1.11"


def test_its_own_company_and_server_pass(known: dict[str, Any]) -> None:
    """Also a stack that was made before it exported whose it is."""
    look(known, ACME)
    look(known)
    del known["rut"], known["database"]["host"]
    look(known, ACME)
    check_ownership(None, "acme-2", platform(True), ACME)


def test_another_companys_stack_is_refused(known: dict[str, Any]) -> None:
    """Both numbers are named, and how to end the old tenant."""
    with pytest.raises(NotReady, match=r"12345678-5.*76086428-5.*tenant delete acme-2 --no-export"):
        look(known, OTHER)


@pytest.mark.parametrize(("key", "old"), [("server", "azure"), ("host", "10.0.0.9")])
def test_another_server_is_refused(known: dict[str, Any], key: str, old: str) -> None:
    """By `apply` and, which has no file, by `destroy`."""
    known["database"][key] = old
    with pytest.raises(NotReady, match=rf"{old}.*restore"):
        look(known, ACME)
    with pytest.raises(NotReady, match=rf"{old}.*restore"):
        look(known)


def test_another_platforms_stack_is_refused(known: dict[str, Any]) -> None:
    """Its database would be an empty one here."""
    known["environment"] = "backup"
    with pytest.raises(NotReady, match=r"lives on backup.*--stack backup"):
        look(known)


def test_a_live_slug_without_a_file_is_nobodys_to_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`create` asks before it writes."""
    monkeypatch.setattr(status, "live", lambda _: ["acme-2"])
    with pytest.raises(RegistryError, match="this file is gone"):
        status.refuse_lost(PLACE, Registry([tmp_path], "example.com"), "acme-2")
    status.refuse_lost(PLACE, Registry([tmp_path], "example.com"), "acme-3")
