"""Chile's tax number (RUT): digits, a hyphen and a check digit by modulo 11, which is K for ten."""

from __future__ import annotations

import re
from itertools import cycle

from settings.problems import fault

__all__ = ["check_digit", "normalised"]

_SHAPE = re.compile(r"([1-9][0-9]{0,7})-([0-9K])")
_EXAMPLE = "digits, a hyphen and the check digit, as in 12345678-5"


def check_digit(body: str) -> str:
    """The check digit of the digits before the hyphen: weights 2 to 7 from the right, eleven minus the remainder."""
    total = sum(int(digit) * weight for digit, weight in zip(reversed(body), cycle(range(2, 8)), strict=False))
    return "0123456789K0"[11 - total % 11]


def normalised(text: str) -> str:
    """The number without dots and spaces, with a capital K. Raises the fault of a field when it is none."""
    plain = re.sub(r"[.\s]", "", text).upper()
    found = _SHAPE.fullmatch(plain)
    if found is None:
        raise fault("not a RUT", _EXAMPLE)
    body, given = found.groups()
    right = check_digit(body)
    if given != right:
        raise fault(
            f"the check digit of this RUT is wrong: modulo 11 gives {right}, not {given}",
            f"{body}-{right}, if the digits before the hyphen are right",
        )
    return f"{body}-{given}"
