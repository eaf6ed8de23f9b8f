"""What is written out of the SDK is what the SDK has."""

from __future__ import annotations

from pulumi.runtime import rpc

from engine import wire


def test_the_marks_are_the_sdks_own() -> None:
    """A newer SDK with others would let secrets through as plain values."""
    assert rpc._special_sig_key == wire._SIGNATURE
    assert rpc._special_secret_sig == wire._SECRET
    assert rpc.UNKNOWN == wire._UNKNOWN
