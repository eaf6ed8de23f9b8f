"""Shamir's secret sharing over bytes, as Vault splits its key: any `threshold` of the shares give the secret back,
fewer say nothing of it. A share is one byte of each polynomial, and last the place where it was taken.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import reduce

__all__ = ["combine", "split"]


def _times(one: int, other: int) -> int:
    """The product in the field of 256 elements (the polynomial of AES)."""
    found = 0
    while other:
        if other & 1:
            found ^= one
        one = (one << 1) ^ (0x11B if one & 0x80 else 0)
        other >>= 1
    return found


_INVERSE = [0] * 256
for _one in range(1, 256):
    _INVERSE[_one] = next(other for other in range(1, 256) if _times(_one, other) == 1)


def split(secret: bytes, shares: int, threshold: int) -> list[bytes]:
    """The secret in that many shares."""
    places = secrets.SystemRandom().sample(range(1, 256), shares)
    polynomials = [[byte, *secrets.token_bytes(threshold - 1)] for byte in secret]
    return [bytes([*(_at(polynomial, place) for polynomial in polynomials), place]) for place in places]


def _at(polynomial: Sequence[int], place: int) -> int:
    return reduce(lambda sum_, coefficient: _times(sum_, place) ^ coefficient, reversed(polynomial), 0)


def combine(shares: Sequence[bytes]) -> bytes:
    """The secret, if these are enough of its shares; something else if they are not."""
    places = [share[-1] for share in shares]
    weights = [_weight(place, places) for place in places]
    found = bytearray(len(shares[0]) - 1)
    for share, weight in zip(shares, weights, strict=True):
        for index in range(len(found)):
            found[index] ^= _times(share[index], weight)
    return bytes(found)


def _weight(mine: int, places: Sequence[int]) -> int:
    """How much a share counts for the value at zero (Lagrange)."""
    weight = 1
    for other in places:
        if other != mine:
            weight = _times(weight, _times(other, _INVERSE[other ^ mine]))
    return weight
