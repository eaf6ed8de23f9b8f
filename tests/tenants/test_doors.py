"""A tenant that is being closed is closed as far as it can be: what is left is said, and the command fails."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from deploy.engine_run import EngineFailed, Outcome
from tenants.doors import DoorsLeft, closing, past_failures
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
    assert f"tenant acme: not closed: {named}; the other doors are. Mend: the same command again" in said
    assert "connection refused" in said


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


@pytest.mark.parametrize(("state", "runs"), [("suspended", 2), ("offboarding", 2), ("active", 1)])
def test_what_failed_keeps_no_deletion_from_being_done(state: str, runs: int) -> None:
    """After a failure the engine deletes nothing: so it runs once more without what failed, and the failure is told."""
    given: list[list[str]] = []
    error = failure("database-owner", "database-owner")

    def run(words: Sequence[str]) -> Outcome:
        given.append(list(words))
        if len(given) == 1:
            raise error
        return Outcome()

    with pytest.raises(EngineFailed) as refused:
        past_failures(tenant(state), run, ["--yes"])
    assert refused.value is error
    again = ["--yes", "--exclude", f"{URN}database-owner", "--exclude-dependents"]
    assert given == [["--yes"], again][:runs]


def _ended(one: Tenant, left: list[str], error: EngineFailed | None, words: list[str]) -> None:
    """A run that is given these words, and fails with that error, or well."""
    with closing(one, left) as more:
        assert more == words
        if error is not None:
            raise error
