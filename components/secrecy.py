"""Marks a value as a secret: from here on Pulumi encrypts it in the state and hides it in its output."""

from __future__ import annotations

from pulumi import Input, Output

__all__ = ["secret"]


def secret(value: Input[str]) -> Output[str]:
    """The same value, as an Output that stays secret in everything that is made of it."""
    return Output.secret(value)
