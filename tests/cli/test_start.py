"""What a command loads before it does anything: every use of it waits for that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cli.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
LOADED = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
heavy = {"psycopg", "redis", "boto3", "grpc", "paramiko"}
print(*sorted(name for name in sys.modules if name.startswith("pulumi_") or name in heavy))
"""


def test_no_command_loads_a_vendors_sdk_or_client_before_it_runs() -> None:
    """Azure's alone takes more than a second, and comes with one name that is imported from beside it."""
    modules = sorted({entry.target.partition(":")[0] for entry in COMMANDS.values()})
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *modules], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == []
