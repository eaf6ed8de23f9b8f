"""Slugs as tenants may have them, and texts that would like to be one."""

from __future__ import annotations

from hypothesis import strategies as st

from tenants.model import slug_fault

__all__ = ["hostile", "slugs"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WITHIN = st.text(f"{_LETTERS}0123456789-", min_size=1, max_size=30)
slugs = st.builds("{}{}{}".format, st.sampled_from(_LETTERS), _WITHIN, st.sampled_from(f"{_LETTERS}0123456789")).filter(
    lambda text: slug_fault(text) is None
)
"""Valid ones; short alphabets, so that two of them are often alike."""

SIGNS = (
    *("'", '"', "`", "\\", "\n", "\r", "\0", "\t", " ", ";", "--", "/*", "$(id)", "`id`", "${x}", "{{x}}", "../", "/"),
    *("%", "%00", "%2e%2e", "*", "+", "?", "_", ".", ":", "@", "#", "&", "|", "<", ">", "=", ",", "~", "!", "^", "$"),
    *(
        "\u202e",
        "\u200b",
        "\u00ad",
        "\u2028",
        "\ufeff",
        "ñ",
        "\u0435",
        "\uff41",
        "\u017f",
        "\u212a",
        "İ",
        "💥",
        "A",
        "xn--",
        "[",
        "]",
        "(",
    ),
    *(")", "{", "}", "\x1b[2J", "\x7f"),
)
"""Quotes, ends of lines, comments, substitutions, patterns, marks that turn the direction, letters that look alike."""
hostile = st.builds(
    lambda before, sign, after: f"{before}{sign}{after}",
    st.text(f"{_LETTERS}0123456789-", max_size=12),
    st.sampled_from(SIGNS) | st.characters(exclude_characters=f"{_LETTERS}0123456789-"),
    st.text(f"{_LETTERS}0123456789-", max_size=12),
)
