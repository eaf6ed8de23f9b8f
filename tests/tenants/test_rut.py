"""Chile's tax number: modulo 11, K for ten, written in any usual way."""

from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from tenants.rut import check_digit, normalised


@pytest.mark.parametrize(
    ("body", "digit"), [("12345678", "5"), ("76086428", "5"), ("10000013", "K"), ("1", "9"), ("11111111", "1")]
)
def test_the_check_digit(body: str, digit: str) -> None:
    """Weights 2 to 7 from the right, eleven minus the remainder; ten is K and eleven is 0."""
    assert check_digit(body) == digit


def test_every_check_digit_occurs_and_is_of_the_eleven() -> None:
    """The table has no gap."""
    assert {check_digit(str(body)) for body in range(1, 2000)} == set("0123456789K")


@pytest.mark.parametrize("text", ["12345678-5", "12.345.678-5", " 12 345 678 - 5 ", "12345678 -5"])
def test_dots_and_spaces_are_accepted(text: str) -> None:
    """One form is kept."""
    assert normalised(text) == "12345678-5"


def test_a_small_k_is_a_k() -> None:
    """One form is kept."""
    assert normalised("10.000.013-k") == "10000013-K"


def test_a_wrong_check_digit_is_refused_with_the_right_number() -> None:
    """The mend is the number itself."""
    with pytest.raises(PydanticCustomError) as refused:
        normalised("12345678-9")
    assert "12345678-5" in str(refused.value.context)


@pytest.mark.parametrize("text", ["", "123456785", "0123-4", "123456789-0", "12345678-", "12345678-55", "x-1", "-5"])
def test_what_is_no_rut_is_refused(text: str) -> None:
    """With an example of one."""
    with pytest.raises(PydanticCustomError) as refused:
        normalised(text)
    assert "12345678-5" in str(refused.value.context)
