"""The picture: whole, readable without colours, nothing outside and nothing over something else."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest

from capacity.drawing import Drawing, text_width, wrapped
from capacity.picture import COLOURS, FREE, QUIET, RIGHT, SYSTEM, WRONG, picture
from capacity.report import Report, report_of
from settings import load_files
from tests.components.declared import ROOT

SVG = "{http://www.w3.org/2000/svg}"
INK = "#0f172a"
CASES = [("prod", ""), ("backup", ""), ("backup", "full")]


def report(stack: str, profile: str) -> Report:
    return report_of(load_files(stack, ROOT), profile)


def drawn(stack: str, profile: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture(report(stack, profile)))  # noqa: S314 - our own text


def texts(root: ElementTree.Element) -> Iterator[tuple[float, float, float, float, str]]:
    """Each text: left, top, right, bottom, words."""
    for one in root.iter(f"{SVG}text"):
        words, size = one.text or "", float(one.get("font-size", "12"))
        x, y, width = float(one.get("x", "0")), float(one.get("y", "0")), text_width(words, size)
        left = {"end": x - width, "middle": x - width / 2}.get(one.get("text-anchor", ""), x)
        yield left, y - size * 0.8, left + width, y + size * 0.2, words


@pytest.mark.parametrize(("stack", "profile"), CASES)
def test_it_says_what_it_shows_to_those_who_do_not_see_it(stack: str, profile: str) -> None:
    """A title with the verdict, a description with the sums; and what does not fit."""
    root = drawn(stack, profile)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title description"
    title, description = (root.findtext(f"{SVG}{name}") or "" for name in ("title", "desc"))
    found = report(stack, profile)
    assert title.endswith("it fits" if found.fits else "it does not fit")
    assert f"of {found.hosts[0].memory.room:,.0f} MB" in description
    assert all(problem.why in description for problem in found.problems)


@pytest.mark.parametrize(("stack", "profile"), CASES)
def test_every_container_and_every_user_of_a_server_is_named(stack: str, profile: str) -> None:
    """By name and number in the legend, whatever its part is."""
    words = " ".join(text for *_, text in texts(drawn(stack, profile)))
    found = report(stack, profile)
    for held in found.hosts:
        for index, part in enumerate(held.parts, start=1):
            assert f"{index} {part.container.name} " in f"{words} "
    for part in (part for one in found.elsewhere for part in one.parts):
        assert part.container.name in words
    for server in found.servers:
        for name, held_by in server.connections.parts.items():
            assert not held_by or f"{name} {held_by:g}" in words


@pytest.mark.parametrize(("stack", "profile"), CASES)
def test_no_text_is_outside_or_over_another(stack: str, profile: str) -> None:
    """Also with the widest of the fonts that it may be shown in."""
    root = drawn(stack, profile)
    _, _, width, height = map(float, root.get("viewBox", "").split())
    found = list(texts(root))
    for left, top, right, bottom, words in found:
        assert left >= 0, words
        assert right <= width, words
        assert top >= 0, words
        assert bottom <= height, words
    underlines = [one for one in root.iter(f"{SVG}rect") if one.get("fill") == WRONG]
    for line in underlines:
        left, top, right, bottom = box(line)
        for text in found:
            assert right <= text[0] or text[2] <= left or bottom <= text[1] or text[3] <= top, text[4]
    for one, other in itertools.combinations(found, 2):
        beside = one[2] <= other[0] or other[2] <= one[0]
        above = one[3] <= other[1] or other[3] <= one[1]
        assert beside or above, (one[4], other[4])


def box(rect: ElementTree.Element) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    x, y, width, height = (float(rect.get(key, "0")) for key in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


@pytest.mark.parametrize("ground", [*COLOURS, FREE, SYSTEM, "#ffffff"])
def test_letters_can_be_read_on_every_ground(ground: str) -> None:
    """At least 7 to 1 (WCAG 2.2, 1.4.6) on the colours of containers."""
    assert contrast(INK, ground) >= 7


@pytest.mark.parametrize("ink", [QUIET, WRONG, RIGHT])
def test_other_inks_can_be_read_on_white(ink: str) -> None:
    """At least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    assert contrast(ink, "#ffffff") >= 4.5


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_what_does_not_fit_is_underlined_and_what_fits_is_not() -> None:
    """Beyond the machine's end: as long as what is too much."""
    assert f'fill="{WRONG}"' not in re.sub(r"<text.*", "", picture(report("prod", "")))
    full = re.sub(r"<text.*", "", picture(report("backup", "full")))
    assert len(re.findall(f'<rect [^>]*fill="{WRONG}"', full)) == 4  # memory, CPUs, disk, connections


def test_neighbours_have_colours_of_their_own() -> None:
    """As long as there are not more services than colours."""
    assert len(set(COLOURS)) == len(COLOURS) >= 14


def test_words_are_wrapped_and_none_is_lost() -> None:
    """No line is wider than asked, but for a word that is."""
    words = ["chatwoot", "15;", "a" * 60, "odoo", "36."]
    lines = wrapped(words, 200, 12)
    assert " ".join(lines).split() == words
    assert all(text_width(line, 12) <= 200 for line in lines if "aaa" not in line)


def test_words_of_the_settings_are_no_markup() -> None:
    """A name is text, whatever is in it."""
    drawing = Drawing(width=10, title="<&>", description='"')
    drawing.text(0, 0, "<script>")
    root = ElementTree.fromstring(drawing.svg(10))  # noqa: S314 - our own text
    assert (root.findtext(f"{SVG}title"), root.findtext(f"{SVG}text")) == ("<&>", "<script>")
