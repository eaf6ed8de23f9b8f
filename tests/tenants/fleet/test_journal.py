"""The journal outlives its run, and says how far it came."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

from deploy.target import ROOT
from tenants.fleet import journal
from tenants.fleet.journal import Journal, latest, read


def test_it_tells_who_came_out_well_and_who_was_cut_off(tmp_path: Path) -> None:
    """Whoever failed first and was well at last, is well; whoever was not well after all, is not."""
    with Journal(tmp_path, "prod-apply") as written:
        written.add("run", pid=1, tenants=["aa", "bb", "cc", "dd", "ee"])
        for slug, outcome in (("aa", "changed"), ("bb", "failed"), ("bb", "unchanged"), ("cc", "unchanged")):
            written.add("begun", tenant=slug)
            written.add("ended", tenant=slug, outcome=outcome, fingerprint=f"of-{slug}")
        written.add("ended", tenant="ee", outcome="failed", why="no room", fingerprint="x")
        written.add("unwell", tenant="cc", why="no answer")
        written.add("begun", tenant="dd")
    given = read(written.file)
    assert given.begun["pid"] == 1
    assert given.done == {"aa": "of-aa", "bb": "of-bb"}
    assert given.failed == {"ee": "no room", "cc": "no answer"}
    assert (given.running, given.finished) == (("dd",), False)


def test_a_line_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    """Every line before it does."""
    with Journal(tmp_path, "x") as written:
        written.add("ended", tenant="aa", outcome="changed", fingerprint="1")
        written.add("finished")
    whole = written.file.read_bytes()
    written.file.write_bytes(whole[:-8])
    given = read(written.file)
    assert (dict(given.done), given.finished) == ({"aa": "1"}, False)


def test_it_outlives_a_kill(tmp_path: Path) -> None:
    """What was written before it is there; a journal of its own begins after it."""
    script = (
        "import sys; from pathlib import Path; from tenants.fleet.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]), 'x')\n"
        "journal.add('ended', tenant='aa', outcome='changed', fingerprint='1')\n"
        "journal.add('begun', tenant='bb')\n"
        "print('written', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    writing = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert writing.stdout is not None
    assert writing.stdout.readline()
    os.kill(writing.pid, signal.SIGKILL)
    writing.wait()
    given = latest(tmp_path, "x")
    assert given is not None
    assert (dict(given.done), given.running) == ({"aa": "1"}, ("bb",))
    with Journal(tmp_path, "x") as anew:
        anew.add("finished")
    newest = latest(tmp_path, "x")
    assert newest is not None
    assert newest.finished
    assert latest(tmp_path, "y") is None


def test_threads_never_mix_their_lines(tmp_path: Path) -> None:
    """Each line is whole, for its owner alone."""
    with Journal(tmp_path, "x") as written:

        def many(number: int) -> None:
            for _ in range(50):
                written.add("ended", tenant=f"t-{number}", outcome="changed", fingerprint="f" * 500)

        threads = [threading.Thread(target=many, args=(number,)) for number in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert len([json.loads(line) for line in written.file.read_text().splitlines()]) == 400
    assert stat.S_IMODE(written.file.stat().st_mode) == 0o600


def test_old_ones_go(tmp_path: Path) -> None:
    """A year of runs fills no disk."""
    for _ in range(journal.KEPT + 3):
        Journal(tmp_path, "x").__exit__()
    assert len(list(tmp_path.iterdir())) == journal.KEPT
