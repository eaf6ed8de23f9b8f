"""The SDK's server of programs is taken as it is, or not at all."""

from __future__ import annotations

import pytest
from pulumi.automation import _server

from engine.sdk_patches.changed import SdkChanged
from engine.sdk_patches.inline import language_server


def test_a_server_of_programs_that_is_another_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stands in for it: what is missing is told, with the way out."""
    assert language_server(["Run"]) is _server.LanguageServer
    with pytest.raises(SdkChanged, match=r"LanguageServer\.Walk as expected.*Fix: the version of pulumi that"):
        language_server(["Run", "Walk"])
    monkeypatch.delattr(_server, "LanguageServer")
    with pytest.raises(SdkChanged, match=r"LanguageServer\.Run"):
        language_server(["Run"])
