"""docs/architecture.svg: what runs where in prod and who reaches whom, as the settings declare it.

`python -m capacity.architecture` draws it by Graphviz' `dot`. The picture names the graph of which it was made, so that
a test sees without Graphviz whether it is still that. Networks and volumes are no part of it: docs/services.md.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from kept import publish
from kept.operator_error import OperatorError
from settings import Settings, load_files
from settings.places import Place
from settings.wiring import calls_of

__all__ = ["PICTURE", "NoGraphviz", "graph", "main", "mark", "nodes"]

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "architecture.svg"
STACK = "prod"
TITLE = f"What runs where in {STACK}, and who reaches whom"
COMMAND = "python -m capacity.architecture"
VISITOR, OPERATOR, CLOUDFLARE = "visitor", "operator", "cloudflare"
_CALL, _PUBLIC, _DATA, _ADMIN = "#7c3aed", "#c2410c", "#475569", "#0f766e"
_FONT = 'fontname="Helvetica"'


class NoGraphviz(OperatorError):
    """There is no `dot` on this machine."""


def nodes(settings: Settings) -> set[str]:
    """What the picture shows: every service that runs, every database server, and who comes from outside."""
    services = {key for key, _ in settings.services.running()}
    return {*services, *map(_server, _servers(settings)), VISITOR, OPERATOR, CLOUDFLARE}


def graph(settings: Settings) -> str:
    """The graph in Graphviz' language."""
    lines = [
        f'digraph "{TITLE}" {{',
        f'graph [rankdir=LR, ranksep=0.5, nodesep=0.2, labeljust=l, {_FONT}, fontsize=15, bgcolor="white"]',
        f'node [shape=box, style="rounded,filled", fillcolor="white", color="#334155", {_FONT}, fontsize=12]',
        f"edge [{_FONT}, fontsize=10, arrowsize=0.7]",
        _node(VISITOR, "Visitor", "browser, webhook"),
        _node(OPERATOR, "Operator", "./smos, pulumi"),
        _node(CLOUDFLARE, "Cloudflare", "DNS and proxy of the zone"),
        *_places(settings),
        *_edges(settings),
        "}",
    ]
    return "\n".join(lines) + "\n"


def mark(settings: Settings) -> str:
    """The line by which a picture names its graph."""
    digest = hashlib.sha256(graph(settings).encode()).hexdigest()
    return f"<!-- Made by `{COMMAND}` of the graph with sha256 {digest}; a test compares. -->"


def _server(name: str) -> str:
    return f"postgresql-{name}"


def _servers(settings: Settings) -> Iterator[str]:
    return (server.name for server in settings.database_servers)


def _node(name: str, title: str, about: str) -> str:
    return f'"{name}" [label=<<b>{title}</b><br/><font point-size="10" color="{_DATA}">{about}</font>>]'


def _places(settings: Settings) -> Iterator[str]:
    """A frame for each host and each cloud, and in it what runs there; what has no container, where its database is."""
    inside: dict[str, list[str]] = {}
    homes = {server.name: _place(server.placement) for server in settings.database_servers}
    for server in settings.database_servers:
        inside.setdefault(homes[server.name], []).append(_node(_server(server.name), "PostgreSQL", server.name))
    for key, service in settings.services.running():
        where = getattr(service, "placement", None)
        home = _place(where) if where is not None else homes[getattr(service, "database", "")]
        about = str(type(settings.services).model_fields[key].description)
        inside.setdefault(home, []).append(_node(key, key, "<br/>".join(_wrapped(about))))
    for number, (home, found) in enumerate(inside.items()):
        look = 'style="rounded,filled"; fillcolor="#f1f5f9"; color="#94a3b8"'
        yield f"subgraph cluster_{number} {{ label=<<b>{home}</b>>; {look}"
        yield from found
        yield "}"


def _place(where: Place) -> str:
    return f"host {where.machine}" if where.machine else where.called


def _wrapped(text: str) -> Iterable[str]:
    return re.findall(r".{1,28}(?:\s|$)", text)


def _edges(settings: Settings) -> Iterator[str]:
    yield _edge(VISITOR, CLOUDFLARE, _PUBLIC, "https")
    proxy = settings.services.traefik
    for key, service in settings.services.running():
        if getattr(service, "hostname", None) and key != "traefik":
            where = getattr(service, "placement", None)
            behind = proxy is not None and where is not None and where.needs_reverse_proxy
            yield _edge("traefik" if behind else CLOUDFLARE, key, _PUBLIC)
        if database := getattr(service, "database", None):
            yield _edge(key, _server(database), _DATA)
        if service.uses_redis() and settings.services.redis:
            yield _edge(key, "redis", _DATA)
    if proxy is not None:
        yield _edge(CLOUDFLARE, "traefik", _PUBLIC, "https")
    for call in calls_of(settings):
        yield _edge(call.caller, call.callee, _CALL, call.name)
    for forward in settings.tunnels():
        to = _server(forward.name) if forward.name in set(_servers(settings)) else forward.name
        yield _edge(OPERATOR, to, _ADMIN, "SSH forward", dashed=True)


def _edge(start: str, end: str, colour: str, label: str = "", *, dashed: bool = False) -> str:
    words = f', label="{label}", fontcolor="{colour}"' if label else ""
    return f'"{start}" -> "{end}" [color="{colour}"{words}{", style=dashed" if dashed else ""}]'


def _drawn(settings: Settings) -> str:
    dot = shutil.which("dot")
    if dot is None:
        raise NoGraphviz(where="dot", why="it draws the picture, and is not here", mend="apt-get install graphviz")
    asked = [dot, "-Tsvg"]
    ran = subprocess.run(asked, input=graph(settings), capture_output=True, text=True, check=True)  # noqa: S603 - no shell
    body = ran.stdout[ran.stdout.index("<svg") :]
    body = re.sub(r"<!--.*?-->\n?", "", body, flags=re.DOTALL)
    body = re.sub(r'(<svg) width="[^"]*" height="[^"]*"', r"\1", body)  # as wide as the page that shows it
    described = body.replace("<svg ", f'<svg role="img" aria-label="{TITLE}" ', 1)
    return f"{mark(settings)}\n{described}"


def main() -> None:
    """Writes the picture of the architecture anew."""
    publish(PICTURE, _drawn(load_files(STACK, ROOT)))
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
