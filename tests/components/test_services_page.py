"""docs/services.md says of every container what is declared, and whose word it is."""

from __future__ import annotations

import re

import pytest

from settings.systems.smarteros import SmarterOSServices
from tests.components.handed import handed_workloads, sources_of
from tests.components.placed import CASES
from tests.components.services_page import PAGE, page, uncovered


def test_the_page_is_up_to_date() -> None:
    """The page in docs/ is what is declared today (fix: .venv/bin/python -m tests.components.services_page)."""
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("name", [one.name for one in handed_workloads()])
def test_everything_that_a_container_is_told_has_its_source(name: str) -> None:
    """Each variable, the port, the volumes and the health check (fix: SOURCES of the service's module)."""
    (given,) = [one for one in handed_workloads() if one.name == name]
    assert not uncovered(given)


@pytest.mark.parametrize("service", list(SmarterOSServices.model_fields))
def test_a_source_is_an_address_or_a_file(service: str) -> None:
    """Something that one can open."""
    for key, source in sources_of(service).items():
        assert "://" in source or "/" in source, f"{key}: {source}"


def test_every_container_that_is_counted_is_on_the_page() -> None:
    """On whatever place: a container that only an option brings is there with its option."""
    lasting = {
        # A host's workers are numbered: one stands for all.
        re.sub(r"-\d+(?=-|$)", "", container.name)
        for case in CASES
        if case.typed and case.read()[0] is not None
        for container in case.wanted.footprint(case.service)
        if not container.passing
    }
    text = page()
    assert not [name for name in lasting if f"### {name}\n" not in text and f"#### {name}, beside it" not in text]


def test_no_secret_and_no_customer_is_on_the_page() -> None:
    """Where a secret comes from is there, its value never; and no name of one environment."""
    text = page()
    for word in ("Throw4way", "Rand0m", "smarterbot", "tttttttt"):
        assert word not in text
