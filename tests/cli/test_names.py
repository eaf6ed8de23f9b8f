"""What an operator types becomes a folder's and a stack's name: what is none is refused before it leads anywhere."""

from __future__ import annotations

import pytest
from typer import Typer
from typer.testing import CliRunner

from cli import state, tenant
from cli.outcome import BadInput

ESCAPES = ["../smarteros/prod", "acme/../x", "..", "Acme", "acme\n"]


def refused(app: Typer, *words: str) -> None:
    """Exit code 2, and the name is told."""
    error = CliRunner().invoke(app, list(words)).exception
    assert isinstance(error, BadInput), error
    assert error.exit_code == 2
    assert "is no " in str(error)


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("command", ["delete", "apply", "show", "status", "plan"])
def test_a_slug_that_is_none(command: str, name: str) -> None:
    """Also where the loss was agreed to."""
    refused(tenant.app, command, name, *(["--no-export", "--yes", "--confirm", name] if command == "delete" else []))


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("command", ["list", "restore", "env"])
def test_a_stack_that_is_none(command: str, name: str) -> None:
    """No copy of another place is shown or put back."""
    refused(state.app, command, name)


@pytest.mark.parametrize("command", ["list", "restore"])
def test_a_project_that_is_none(command: str) -> None:
    """As a stack."""
    refused(state.app, command, "prod", "--project", "../x")
