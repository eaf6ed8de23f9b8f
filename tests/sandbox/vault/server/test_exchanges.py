"""The simulated Vault answers each request of the official provider as a real one did, status and body."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.vault.server.exchanges import EXCHANGES, answers, recorded
from tests.sandbox.vault.server.servers import real, simulated
from tests.sandbox.vault.server.test_policy import VAULTS

SAME = [index for index, one in enumerate(EXCHANGES) if "differs" not in one]
OTHER = [index for index, one in enumerate(EXCHANGES) if "differs" in one]


@pytest.fixture(scope="module", params=VAULTS)
def answered(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[dict[str, Any]]]:
    """What came of each request, in order; also of a real one where there is one, so that the record stays true."""
    start: Any = {"simulated": simulated, "real": real}[request.param]
    with start(tmp_path_factory.mktemp("vault")) as vault:
        yield list(answers(vault))


def _called(index: int) -> str:
    return f"{index}-{EXCHANGES[index]['do']}"


@pytest.mark.parametrize("index", SAME, ids=_called)
def test_it_answers_as_the_real_one_did(answered: list[dict[str, Any]], index: int) -> None:
    """Also where it refuses: the provider decides by status and words whether a thing is gone or an error."""
    assert answered[index] == recorded()[index]


@pytest.mark.parametrize("index", OTHER, ids=_called)
def test_what_is_said_to_differ_does(index: int, tmp_path: Path) -> None:
    """A difference that is known has its reason beside it, and goes from the list when it is mended."""
    with simulated(tmp_path) as vault:
        assert list(answers(vault))[index] != recorded()[index]


def test_the_record_is_of_these_requests() -> None:
    """One answer for each request, in the same order."""
    assert [one["do"] for one in recorded()] == [one["do"] for one in EXCHANGES]


def test_a_method_of_login_is_found_below_the_mounts(answered: list[dict[str, Any]]) -> None:
    """GetAuth of vault/api asks there; where this was an error, the provider believed that what it made was gone."""
    found = [one for one in answered if one["do"] == "GET sys/mounts/auth/approle"]
    assert [one["status"] for one in found] == [400, 200, 200]
    assert found[1]["content"]["data"]["type"] == "approle"
