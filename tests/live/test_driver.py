"""The driver of the live checks, tried on simulated clouds as if they were the account."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.pages import last_checked
from tests.live.account import Account, NotAllowed, account_from
from tests.live.replay import replay
from tests.live.translation import replayable
from tests.policy.small_stack import GUID, SmallStack, clouds, small
from tests.sandbox.test_examples import RIGHT, WRONG, Case

__all__ = ["clouds", "small"]

IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
ACCOUNT = Account(
    packages=("azure-native",),
    budget_usd=1,
    minutes=5,
    types=IDENTITY,
    subscription=GUID,
    tenant=GUID,
    location="brazilsouth",
)


def of(cases: list[Case], count: int) -> list[Case]:
    return [case for case in cases if case.token == IDENTITY][:count]


@pytest.mark.slow
def test_agreement_disagreement_and_limits_are_recorded(small: SmallStack, tmp_path: Path) -> None:
    """A right case accepted and a wrong one refused agree; a right one that the table were to refuse does not."""
    (right,), (wrong,) = of(RIGHT, 1), of(WRONG, 1)
    lie = Case(right.token, "lie", {}, right.right, right.config)
    said: list[str] = []
    found = replay(small.place, tmp_path / "live", ACCOUNT, [right], [wrong, lie], said.append)
    finding = found[IDENTITY]
    assert finding.cases == 3
    assert finding.disagreements == [{"case": "lie", "table": "refused", "vendor": "accepted"}]
    assert "taking away rg-smarteros-live-" in said[-1]
    assert not any("NOT taken away" in text for text in said)
    assert replay(small.place, tmp_path / "poor", replace(ACCOUNT, budget_usd=0), [right], [], said.append) == {}


def test_ids_of_nobody_become_the_accounts() -> None:
    """Subscription, group, zone and names that are unique in the world; a wrong value stays as wrong as it was."""
    account = replace(ACCOUNT, zone="live.test", zone_id="f" * 32, account_id="e" * 32)
    for case in [*RIGHT, *WRONG]:
        asked = str(replayable(case, account, "rg-live", "abc123"))
        assert str(case.config.get("subscriptionId", "(none)")) not in asked
        if case.token.startswith("cloudflare:"):
            assert "023e105f4ecef8ad9ca31a8372d0c353" not in asked
    storage = next(case for case in RIGHT if case.token == "azure-native:storage:StorageAccount")
    inputs = replayable(storage, account, "rg-live", "abc123").inputs
    assert (inputs["resourceGroupName"], inputs["accountName"]) == ("rg-live", "sto4445abc123")


def test_nothing_starts_without_account_budget_and_time() -> None:
    """Everything that is missing is named at once."""
    with pytest.raises(NotAllowed) as missing:
        account_from({"SMOS_LIVE": "azure,cloudflare", "SMOS_LIVE_BUDGET_USD": "much"})
    for name in ("AZURE_SUBSCRIPTION", "CLOUDFLARE_ZONE_ID", "SMOS_LIVE_MINUTES", "not a number: much"):
        assert name in str(missing.value)
    with pytest.raises(NotAllowed, match="SMOS_LIVE:"):
        account_from({})


def test_the_pages_say_when(tmp_path: Path) -> None:
    """Date, cases and disagreements; without a record the page says never."""
    file = tmp_path / "live-checks.json"
    assert last_checked(file) == {}
    file.write_text('{"a:b:C": {"date": "2026-11-20", "cases": 9, "notReplayed": ["x"], "disagreements": [{}]}}')
    assert last_checked(file) == {"a:b:C": "2026-11-20: 9 cases, 1 not replayed, 1 disagreement"}
