"""A command that is interrupted ends with its exit code, wherever the interrupt came."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# As a dataclass is made while a command is imported: a text is executed, and in its middle comes Ctrl-C.
PROGRAM = """
import os, sys
sys.path.insert(0, {root!r})
from cli import __main__ as command
from cli.reporting import INTERRUPTED


def interrupted(**_):
    try:
        exec("import os, time; os.kill(os.getpid(), 2); time.sleep(60)")
    except KeyboardInterrupt:
        return INTERRUPTED


command.app = interrupted
command.main()
"""


def test_an_interrupt_in_a_text_that_is_executed_has_the_exit_code_too(tmp_path: Path) -> None:
    """Python would end by the signal itself: a program that runs the command sees another code than a shell."""
    (tmp_path / "__main__.py").write_text(PROGRAM.format(root=str(ROOT)))
    done = subprocess.run([sys.executable, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130, done.stderr
    assert "interrupted; run the same command again" in done.stderr
