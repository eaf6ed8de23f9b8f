"""The picture of prod shows what prod declares: all of it, and nothing that is gone."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from capacity import architecture
from capacity.architecture import PICTURE, NoGraphviz, graph, mark, nodes
from settings import Settings, load_files
from settings.wiring import calls_of
from tests.components.declared import ROOT

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def prod() -> Settings:
    return load_files("prod", ROOT)


def shown(kind: str) -> set[str]:
    """The titles of the nodes, the edges or the frames in the picture."""
    root = ElementTree.fromstring(PICTURE.read_text(encoding="utf-8"))  # noqa: S314 - our own text
    groups = (one for one in root.iter(f"{SVG}g") if one.get("class") == kind)
    return {one.findtext(f"{SVG}title") or "" for one in groups}


def test_the_picture_is_made_of_what_is_declared(prod: Settings) -> None:
    """It names its graph by digest: another graph, another picture (python -m capacity.architecture)."""
    assert PICTURE.read_text(encoding="utf-8").splitlines()[0] == mark(prod)


def test_every_service_is_in_the_picture(prod: Settings) -> None:
    """And every database server; nothing else but those outside."""
    running = {key for key, _ in prod.services.running()}
    assert running <= shown("node") == nodes(prod)
    assert len(running) > 12


def test_every_call_is_in_the_picture(prod: Settings) -> None:
    """From the caller to the one called."""
    assert {f"{call.caller}->{call.callee}" for call in calls_of(prod)} <= shown("edge")


def test_no_service_is_outside_of_where_it_runs(prod: Settings) -> None:
    """Each node but those outside stands in the frame of a host or a cloud."""
    inside = set(re.findall(r'^"([^"]+)" \[label', graph(prod).partition("subgraph")[2], flags=re.MULTILINE))
    assert inside == nodes(prod) - {"visitor", "operator", "cloudflare"}


def test_without_graphviz_it_says_how_to_get_it(prod: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the picture stays as it is."""
    before = PICTURE.read_bytes()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoGraphviz, match="Fix: apt-get install graphviz"):
        architecture.main()
    assert PICTURE.read_bytes() == before
