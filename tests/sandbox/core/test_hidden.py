"""What a provider says of a secret never shows it."""

from __future__ import annotations

from engine import hidden


def test_a_secret_is_masked_wherever_it_stands() -> None:
    """Texts, numbers and what lies inside a secret object are hidden, also as Python would quote them."""
    hidden.forget()
    hidden.remember({"a": {"b": "s3cret'x", "c": 54321}, "d": "open"}, [("a",)])
    assert hidden.masked('got "s3cret\'x" and 54321 and open') == 'got "[secret]" and [secret] and open'


def test_one_call_does_not_hide_for_the_next() -> None:
    """A new call starts with nothing to hide, and a path that is not there hides nothing."""
    hidden.remember({"a": "s3cret"}, [("a",), ("b", 0)])
    hidden.forget()
    assert hidden.masked("s3cret") == "s3cret"
