"""Storage is not public."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN
from policy.rules.storage_private import RULE
from tests.policy.judged import changed, said

STORE = "azure-native:storage:StorageAccount"
BLOBS = "azure-native:storage:BlobContainer"
CLOSED = {"allowBlobPublicAccess": False, "allowSharedKeyAccess": False, "allowCrossTenantReplication": False}

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (STORE, CLOSED),
    (BLOBS, {"publicAccess": "None"}),
    (BLOBS, {}),
    (BLOBS, {"publicAccess": UNKNOWN}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (STORE, changed(CLOSED, allowBlobPublicAccess=None), "allowBlobPublicAccess"),
    (STORE, changed(CLOSED, allowBlobPublicAccess=True), "everybody"),
    (STORE, changed(CLOSED, allowSharedKeyAccess=True), "key"),
    (STORE, changed(CLOSED, allowCrossTenantReplication=True), "directory"),
    (BLOBS, {"publicAccess": "Blob"}, "Blob"),
]


@pytest.mark.parametrize(("token", "inputs"), RIGHT)
def test_what_is_right_passes(token: str, inputs: dict[str, Any]) -> None:
    """Nothing is said of it."""
    assert said(RULE, token, inputs) == []


@pytest.mark.parametrize(("token", "inputs", "words"), WRONG)
def test_what_is_wrong_is_told(token: str, inputs: dict[str, Any], words: str) -> None:
    """One fault, one violation, and it says what."""
    found = said(RULE, token, inputs)
    assert len(found) == 1, found
    assert words in found[0]
