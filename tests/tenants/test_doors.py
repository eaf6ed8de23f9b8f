"""A tenant that is being closed is closed as far as it can be: what is left is said, and the command fails."""

from __future__ import annotations

import pytest

from deploy.engine_run import EngineFailed
from tenants.doors import DoorsLeft, closed_by_deletion, closing
from tenants.model import Tenant

URN = "urn:pulumi:acme::smarteros-tenants-32::smarteros:tenants:Database$postgresql:index/role:Role::"


def tenant(state: str) -> Tenant:
    """In that state."""
    values = {"rut": "12345678-5", "name": "Acme", "domain": "acme.example.com", "state": state}
    return Tenant.model_validate(values)


def failure(*names: str) -> EngineFailed:
    """Of these resources."""
    error = EngineFailed("up", "connection refused")
    error.failed = tuple(("update", {"urn": f"{URN}{name}"}) for name in names)
    return error


@pytest.mark.parametrize("state", ["suspended", "offboarding"])
def test_the_engine_goes_on_past_a_door_that_cannot_be_reached(state: str) -> None:
    """It is told to, and the doors that failed are named with the mend; a second failure of one is told once."""
    failed = failure("database-owner", "vault-policy", "dns-record", "t-acme-redis-container", "database-owner")
    with pytest.raises(DoorsLeft) as refused:
        _ended(tenant(state), [], failed, ["--continue-on-error"])
    said = str(refused.value)
    named = (
        "PostgreSQL (database-owner), Vault (vault-policy), its name (dns-record), its Redis (t-acme-redis-container)"
    )
    assert f"tenant acme: not closed: {named}; the other doors are. Fix: the same command again" in said
    assert "connection refused" in said


def test_what_a_deletion_closes_is_open_still_when_anything_failed() -> None:
    """After a failure the engine deletes nothing: these doors are named too, and not when all went well."""
    kinds = {
        "azure-native:authorization:RoleAssignment": "blobs-reach",
        "docker:index/container:Container": "t-acme-n8n",
    }
    state = [{"urn": f"{URN}{name}", "type": kind} for kind, name in kinds.items()]
    state += [{"urn": f"{URN}t-acme-redis", "type": "docker:index/container:Container"}]
    found = {"resources": state}
    with (
        pytest.raises(DoorsLeft, match=r"\(database-owner\), its storage \(blobs-reach\), its n8n \(t-acme-n8n\);"),
        closing(tenant("suspended"), [], found),
    ):
        raise failure("database-owner")
    with closing(tenant("suspended"), [], found):
        pass
    assert closed_by_deletion(None) == []


def test_what_the_run_had_to_leave_alone_is_a_door_too() -> None:
    """A user on the shared Redis whose keys can't be read now: it is not touched, and the command fails."""
    with (
        pytest.raises(DoorsLeft, match=r"not closed: Redis \(redis-user\)"),
        closing(tenant("suspended"), [f"{URN}redis-user"]) as words,
    ):
        assert words[:2] == ["--exclude", f"{URN}redis-user"]


def test_a_tenant_that_is_opened_stops_at_the_first_failure() -> None:
    """As before; and a failure of the engine itself is told as it is."""
    for state, error in (("active", failure("database-owner")), ("suspended", EngineFailed("up", "no state"))):
        with pytest.raises(EngineFailed) as refused:
            _ended(tenant(state), [], error, [] if state == "active" else ["--continue-on-error"])
        assert refused.value is error


def _ended(one: Tenant, left: list[str], error: EngineFailed | None, words: list[str]) -> None:
    """A run that is given these words, and fails with that error, or well."""
    with closing(one, left) as more:
        assert more == words
        if error is not None:
            raise error
