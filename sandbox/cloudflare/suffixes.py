"""Domains below which everybody registers, though they have two labels themselves: co.uk is nobody's.

From https://publicsuffix.org/list/public_suffix_list.dat, the countries that have such domains and are asked for most.
"""

from __future__ import annotations

__all__ = ["is_public_suffix"]

_USUAL = "com edu gov net org"
_OF_USUAL = (*("bz", "cu", "do", "hk", "my", "ph", "pl", "pt", "ru", "sg", "tr", "tw", "ua", "vn"),)
_BELOW: dict[str, str] = {
    **{country: _USUAL for country in _OF_USUAL},
    "ar": f"{_USUAL} gob int mil tur",
    "au": f"{_USUAL} asn id",
    "bo": f"{_USUAL} gob int mil tv",
    "br": f"{_USUAL} adv art blog eco eng ind jus leg mil",
    "cl": "co gob gov mil",
    "cn": f"{_USUAL} ac mil",
    "co": f"{_USUAL} mil nom",
    "cr": "ac co ed fi go or sa",
    "ec": f"{_USUAL} fin gob info med mil",
    "es": "com edu gob nom org",
    "gt": f"{_USUAL} gob ind mil",
    "hn": f"{_USUAL} gob mil",
    "id": "ac co go mil net or sch web",
    "il": "ac co gov idf k12 muni net org",
    "in": "ac co edu firm gen gov ind mil net org res",
    "jp": "ac ad co ed go gr lg ne or",
    "kr": "ac co go mil ne or pe re",
    "mx": "com edu gob net org",
    "ni": f"{_USUAL} ac co gob",
    "nz": "ac co geek gen govt iwi mil net org school",
    "pa": "abo ac com edu gob ing med net nom org sld",
    "pe": "com edu gob mil net nom org",
    "py": "com coop edu gov mil net org una",
    "sv": "com edu gob org red",
    "th": "ac co go in mi net or",
    "uk": "ac co gov ltd me net nhs org plc police sch",
    "uy": "com edu gub mil net org",
    "ve": f"{_USUAL} arts co gob info mil web",
    "za": "ac co edu gov law mil net nom org school web",
}


def is_public_suffix(name: str) -> bool:
    """Whether these two labels are one."""
    first, _, country = name.lower().partition(".")
    return first in _BELOW.get(country, "").split()
