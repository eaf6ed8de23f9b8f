"""States made by an earlier program open with today's, and nothing is to be done: no name, parent or type has moved.

tests/integration/earlier/README.md says what the states are, and when they are made anew.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import client
from tests.integration.conftest import Clone, copy_clone
from tests.integration.earlier.kept import FIRST_PORT, restore

pytestmark = pytest.mark.slow
TENANT = "earlier"
UNREAD = "--refresh=false"
"""What is in the databases was not kept: only the state is compared with what the program wants."""


def wait_for_ports(within_s: float = 300.0) -> None:
    """Until no other run of this test, in another clone on this machine, has the local ports that the states name."""
    until = time.monotonic() + within_s
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", FIRST_PORT))
                return
            except OSError:
                assert time.monotonic() < until, f"127.0.0.1:{FIRST_PORT} is taken: the states can't be opened without"
        time.sleep(1)


def changes(clone: Clone, stack: str, project: str = "") -> dict[str, list[str]]:
    """Operation → the resources that a preview of a stack would apply it to; what stays the same is not in it."""
    cwd = f"export PULUMI_OPTION_CWD=$PULUMI_OPTION_CWD/{project}\n" if project else ""
    done = clone.shell(f"{cwd}pulumi preview --stack {stack} {UNREAD} --json", ok=None)
    assert done.stdout.lstrip().startswith("{"), done.stdout + done.stderr
    report: dict[str, Any] = json.JSONDecoder().raw_decode(done.stdout.lstrip())[0]
    found: dict[str, list[str]] = {}
    for step in report.get("steps", []):
        if step["op"] not in ("same", "read"):
            found.setdefault(step["op"], []).append(step["urn"])
    wrong = [one["message"] for one in report.get("diagnostics") or [] if one["severity"] == "error"]
    assert wrong == [], wrong
    assert report["changeSummary"].get("same", 0) > 0, "the state was not there"
    return found


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Clone]:
    """A clone on the sandbox of the earlier program, with its Vault open."""
    clone = copy_clone(tmp_path)
    restore(clone.home.folder)
    wait_for_ports()
    try:
        clone.smos("sandbox", "start")
        clone.smos("vault", "unseal", "prod")
        yield clone
    finally:
        client.stop(clone.home)


def test_an_earlier_programs_states_are_unchanged(opened: Clone) -> None:
    """The platform, the inside of Vault and a tenant, as an earlier program left them: today's changes none of them."""
    assert changes(opened, "prod") == {}
    assert changes(opened, "prod", "access") == {}
    report = opened.smos("tenant", "plan", TENANT, "--json").stdout.splitlines()[-1]
    assert json.loads(report)["changes"] == 0, report
