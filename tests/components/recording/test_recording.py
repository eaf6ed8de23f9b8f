"""A kind of place that nobody outside this folder knows of passes the contract of every service."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SUITE = ("tests/components/test_contracts.py", "tests/components/test_chosen.py")
RUNS = (
    "n8n-recording",
    "n8n-recording-queue",
    "metabase-recording",
    "odoo-recording",
    "storage-recording",
    "guard-recording",
)
REFUSED = (
    "chatwoot-recording",
    "botpress-BotpressV12-recording",
    "mcp-recording",
    "traefik-recording",
    "vault-recording",
)


@pytest.mark.slow
def test_a_third_kind_of_place_passes_the_whole_contract_suite() -> None:
    """In a process of its own: which kinds there are is decided before the first settings are read."""
    words = [*("-m", "pytest"), *("-p", "tests.components.recording.plugin"), *("-k", "recording"), "-n0", "-rA", "-v"]
    ran = subprocess.run(
        [sys.executable, *words, *SUITE], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    passed = re.findall(r"^PASSED \S+::(\w+)\[(.+)\]$", ran.stdout, re.MULTILINE)
    declared = {case for test, case in passed if test == "test_a_service_is_declared_where_its_settings_allow_it"}
    refused = {case for test, case in passed if test == "test_a_place_where_a_service_cannot_run_is_refused"}
    assert declared == set(RUNS)
    assert ("test_a_placement_is_what_its_kind_says_that_it_can", "recording") in passed
    assert set(REFUSED) <= refused


def test_nobody_outside_knows_of_it() -> None:
    """Neither the product nor the suite."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    here = Path(__file__).resolve().parent
    for name in listed.split():
        path = ROOT / name
        if here not in path.parents and path.is_file():
            assert "components.recording" not in path.read_text(encoding="utf-8"), name
