"""`smos version`."""

from __future__ import annotations

import platform

import typer

from engine import EngineMissing, find

__all__ = ["version"]

ROUTES = {"path": "found on PATH", "archive": "release archive", "build": "built from its Go module"}


def version() -> None:
    """The versions of SmarterOS's parts."""
    try:
        engine = find()
        line = f"{engine.version} ({ROUTES[engine.route]}: {engine.path})"
    except EngineMissing as missing:
        line = f"missing: {missing}"
    typer.echo(f"engine  {line}")
    typer.echo(f"python  {platform.python_version()}")
