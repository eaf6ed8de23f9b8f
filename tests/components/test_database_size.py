"""A Flexible Server's disk: what is declared is the least that it has."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi import ResourceOptions

from settings import Settings
from tests.components import declared
from tests.components.declared import declare, resolved
from tests.components.workloads import azure

SERVER = "azure-native:dbforpostgresql:Server"


def asked_for() -> dict[str, Any]:
    """What the program asks Azure for."""

    def server(settings: Settings) -> object:
        return azure(settings).database_server("db", "azure", "a-Passw0rd", ResourceOptions())

    (found,) = [one for one in declare(server) if one.token == SERVER]
    inputs: dict[str, Any] = resolved(found.inputs)
    return inputs


def declared_gb() -> int:
    """The disk among it."""
    return int(asked_for()["storage"]["storageSizeGB"])


@pytest.fixture
def grown(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What exists at Azure."""
    sizes: dict[str, int] = {}
    monkeypatch.setattr(declared, "Grown", sizes)
    return sizes


def test_what_has_grown_is_asked_for_as_it_is(grown: dict[str, int]) -> None:
    """Nothing is shrunk, whether or not the state knows of it; a larger wish still counts."""
    name, wanted = asked_for()["serverName"], declared_gb()
    grown[name] = wanted * 2
    assert declared_gb() == wanted * 2
    grown[name] = wanted // 2
    assert declared_gb() == wanted


def test_another_answer_than_that_there_is_none_is_no_size(
    grown: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not ask, or gets no answer, must not take the disk for small."""

    def refused(self: object, name: str) -> dict[str, int]:
        raise declared.Refused('Status=403 Code="AuthorizationFailed"')

    monkeypatch.setattr(declared.Answers, "_server", refused)
    with pytest.raises(Exception, match="AuthorizationFailed"):
        declared_gb()
