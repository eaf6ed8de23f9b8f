"""The SDK's own server of a program of this process, which it keeps to itself."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from inspect import isfunction
from typing import Any

from engine.sdk_patches.changed import SdkChanged

__all__ = ["language_server"]


def language_server(calls: Sequence[str]) -> Any:
    """The class: a program → its server. Raises SdkChanged where it answers one of these calls no more."""
    found = getattr(import_module("pulumi.automation._server"), "LanguageServer", None)
    for call in calls:
        if not isfunction(getattr(found, call, None)):
            raise SdkChanged("pulumi", f"automation._server.LanguageServer.{call}")
    return found
