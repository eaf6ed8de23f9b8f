"""Runs on many tenants as operators type them, and what becomes of them on a bad day. The real engine, few tenants."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tenants.rut import check_digit
from tests.integration.conftest import Clone
from tests.integration.test_demo import last_json
from tests.integration.to_the_end import to_its_end

pytestmark = pytest.mark.slow
KEYS = {"tenants", "known", "changed", "unchanged", "failed", "left_out", "seconds", "core_seconds", "peak_memory_mb"}
WAVE = "7"
EVERY = ("tenant", "apply", "--wave", WAVE)


@pytest.fixture(scope="module")
def clone(demo: Clone) -> Iterator[Clone]:
    """Where these tests' own tenants are, all in one wave; gone afterwards."""
    try:
        yield demo
    finally:
        for file in sorted((demo.home.folder / "registry").glob("fleet-*.yaml")):
            slug = file.stem
            demo.smos("tenant", "delete", slug, "--no-export", "--yes", "--confirm", slug, ok=None)
            file.unlink(missing_ok=True)


def new(clone: Clone, *numbers: int) -> None:
    """Files of new tenants."""
    folder = clone.home.folder / "registry"
    folder.mkdir(exist_ok=True)
    for number in numbers:
        body = str(77_000_000 + number)
        text = f"rut: {body}-{check_digit(body)}\nname: Fleet\ndomain: fleet-{number}.smarterbot.cl\nwave: {WAVE}\n"
        (folder / f"fleet-{number}.yaml").write_text(text)


def begun(clone: Clone, *more: str) -> subprocess.Popen[str]:
    """A run on all of the wave that goes on."""
    command = [str(clone.root / "smos"), *EVERY, *more]
    return subprocess.Popen(
        command, cwd=clone.root, env=clone.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def journal(clone: Clone) -> Path:
    """The newest."""
    return max((clone.home.folder / "fleet").glob(f"*-apply-wave{WAVE}.jsonl"))


def events(file: Path) -> list[dict[str, Any]]:
    """What it tells."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def until(what: Callable[[], bool]) -> None:
    """Waits for it."""
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def has_begun(clone: Clone, before: Path | None, slug: str) -> bool:
    """Whether a new run has begun with a tenant."""
    if not list((clone.home.folder / "fleet").glob(f"*-apply-wave{WAVE}.jsonl")):
        return False
    file = journal(clone)
    return file != before and f'"begun", "tenant": "{slug}"' in file.read_text()


def test_many_are_made_and_again_nothing_changes(clone: Clone) -> None:
    """A line each, a summary, and one JSON object last. `plan` says the same before."""
    new(clone, 1, 2, 3)
    planned = last_json(clone.smos("tenant", "plan", "--wave", WAVE, "--json").stdout)
    assert (planned["tenants"], planned["changed"]) == (3, 3)
    done = clone.smos(*EVERY, "--json", "--workers", "3")
    first = last_json(done.stdout)
    assert set(first) == KEYS
    assert (first["tenants"], first["changed"], first["failed"]) == (3, 3, 0)
    assert done.stderr.count("changes  ") == 3
    assert first["known"] == 0
    again = last_json(clone.smos(*EVERY, "--anew", "--json").stdout)
    assert (again["tenants"], again["unchanged"], again["changed"], again["failed"]) == (3, 3, 0, 0)
    assert again["known"] == 0
    assert 0 < again["core_seconds"] < first["core_seconds"] + 5


def test_who_is_known_to_be_unchanged_is_only_counted(clone: Clone) -> None:
    """No engine is started for them; who changed is done. A state that somebody wrote, a state that was restored, a
    drift and another keyring's key: each is asked for real again.
    """
    known = last_json((report := clone.smos(*EVERY, "--json")).stdout)
    assert (known["tenants"], known["known"], known["unchanged"], known["changed"]) == (3, 3, 3, 0)
    assert "3 known to be unchanged, 0 applied" in report.stderr
    assert not [one for one in events(journal(clone)) if one["event"] == "begun"]
    file = clone.home.folder / "registry" / "fleet-2.yaml"
    before = file.read_text()
    file.write_text(before.replace("name: Fleet", "name: Fleet two"))
    done = last_json(clone.smos(*EVERY, "--json").stdout)
    assert (done["known"], done["changed"] + done["unchanged"]) == (2, 3)
    assert [one["tenant"] for one in events(journal(clone)) if one["event"] == "begun"] == ["fleet-2"]
    file.write_text(before)
    assert last_json(clone.smos(*EVERY, "--json").stdout)["known"] == 2
    states = clone.home.state / ".pulumi" / "stacks"
    (state,) = states.glob("*/fleet-1.json")
    state.write_text(state.read_text() + "\n")
    assert last_json(clone.smos(*EVERY, "--json").stdout)["known"] == 2
    clone.smos("state", "restore", "fleet-3", "--project", next(states.glob("*/fleet-3.json")).parent.name, "--yes")
    assert last_json(clone.smos(*EVERY, "--json").stdout)["known"] == 2
    clone.smos("up", "prod", "--yes")  # which changes nothing, and keeps a copy of the state first
    clone.smos("state", "restore", "prod", "--yes")
    assert last_json(clone.smos(*EVERY, "--json").stdout)["known"] == 0
    assert last_json(clone.smos(*EVERY, "--json").stdout)["known"] == 3


def test_a_copied_clone_with_other_code_asks_for_real(clone: Clone) -> None:
    """A line more in a room that decides: nobody is known. The same code again: everybody is."""
    file = clone.root / "deploy" / "policies.py"
    before = file.read_text()
    file.write_text(before + "# another line\n")
    try:
        assert last_json(clone.smos(*EVERY, "--json").stdout)["known"] == 0
    finally:
        file.write_text(before)
    assert last_json(clone.smos(*EVERY, "--json").stdout)["known"] == 0
    assert last_json(clone.smos(*EVERY, "--json").stdout)["known"] == 3


def test_a_refusal_of_a_vendor_is_waited_for(clone: Clone) -> None:
    """429 with Retry-After: the run waits as long as it says, and nobody fails."""
    new(clone, 4)
    clone.fault("throttled", "vault:*", seconds=2)
    begin = time.monotonic()
    done = last_json(clone.smos(*EVERY, "--json").stdout)
    assert (done["tenants"], done["failed"]) == (4, 0)
    assert time.monotonic() - begin > 2
    (again,) = (one for one in events(journal(clone)) if one["event"] == "again")
    assert (again["tenant"], again["in_s"]) == ("fleet-4", 2.0)
    assert "429" in again["why"]


def test_one_that_fails_touches_no_other(clone: Clone) -> None:
    """Here: whose file says another company than its live stack. It is named, and the exit code says it."""
    file = clone.home.folder / "registry" / "fleet-2.yaml"
    before = file.read_text()
    body = "77000099"
    file.write_text(before.replace(before.splitlines()[0], f"rut: {body}-{check_digit(body)}"))
    try:
        done = clone.smos(*EVERY, "--json", ok=False)
        facts = last_json(done.stdout)
        assert (done.returncode, facts["failed"], facts["unchanged"]) == (1, 1, 3)
        assert "fleet-2" in done.stderr
        assert "RUT 77000002" in done.stderr
    finally:
        file.write_text(before)
    assert last_json(clone.smos(*EVERY, "--json").stdout)["known"] == 3  # of the one that failed nothing is known


def test_a_killed_run_goes_on_where_it_was(clone: Clone) -> None:
    """kill -9 in the middle of creations: the same command completes them and leaves out who was done."""
    new(clone, 5, 6)
    before = journal(clone)
    clone.fault("slow", times=10, seconds=0.4)  # it goes on for long enough to be killed in the middle
    running = begun(clone, "--workers", "2")
    until(lambda: has_begun(clone, before, "fleet-5") or has_begun(clone, before, "fleet-6"))
    time.sleep(0.7)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    killed = events(journal(clone))
    assert killed[-1]["event"] != "finished"
    done = clone.smos(*EVERY, "--json", ok=None)
    facts = last_json(done.stdout)
    if facts["failed"]:
        for slug in ("fleet-5", "fleet-6"):
            to_its_end(clone, "tenant", "apply", slug)
        facts = last_json(clone.smos(*EVERY, "--json").stdout)
    assert (facts["tenants"], facts["failed"]) == (6, 0)
    well = {one["tenant"] for one in killed if one["event"] == "ended"}
    if well:
        assert "going on where the run of" in done.stderr
        began = {one["tenant"] for one in events(journal(clone)) if one["event"] == "begun"}
        assert not began & well
    assert last_json(clone.smos(*EVERY, "--json").stdout)["unchanged"] == 6
    kinds = {
        slug: sorted(one["token"] for one in clone.inventory() if slug in one["urn"]) for slug in ("fleet-1", "fleet-5")
    }
    assert kinds["fleet-1"] == kinds["fleet-5"]


def test_two_operators_are_one_after_the_other(clone: Clone) -> None:
    """The second says for whom it waits, and then does its own."""
    before = journal(clone)
    one = begun(clone, "--anew", "--workers", "1")
    until(lambda: has_begun(clone, before, "fleet-1"))
    other = begun(clone, "--json")
    assert "fleet-6" in one.communicate()[1]
    out, report = other.communicate()
    assert last_json(out)["unchanged"] == 6
    assert f"process {one.pid} on " in report
    assert (one.returncode, other.returncode) == (0, 0)


def test_ctrl_c_finishes_what_runs(clone: Clone) -> None:
    """Who runs ends well; the same command reaches the rest, and nobody twice."""
    before = journal(clone)
    shutil.rmtree(clone.home.state / "known")
    running = begun(clone, "--workers", "1")
    until(lambda: has_begun(clone, before, "fleet-2"))
    running.send_signal(signal.SIGINT)
    _, report = running.communicate()
    assert running.returncode == 130
    assert "finishing what runs" in report
    ended = [one for one in events(journal(clone)) if one["event"] == "ended"]
    assert {one["outcome"] for one in ended} == {"unchanged"}
    assert 2 <= len(ended) < 6
    rest = clone.smos(*EVERY, "--json")
    assert last_json(rest.stdout)["unchanged"] == 6
    began = [one for one in events(journal(clone)) if one["event"] == "begun"]
    assert len(began) == 6 - len(ended)


def test_a_file_edited_meanwhile_is_refused(clone: Clone) -> None:
    """With the file and the mend; nothing of its tenant was begun, and the next run takes it."""
    file = clone.home.folder / "registry" / "fleet-6.yaml"
    before = journal(clone)
    running = begun(clone, "--anew", "--workers", "1")
    until(lambda: has_begun(clone, before, "fleet-1"))
    file.write_text(file.read_text() + "tier: pro\n")
    _, report = running.communicate()
    assert running.returncode == 2
    assert "tenants/registry/fleet-6.yaml: this file was edited" in report
    done = last_json(clone.smos(*EVERY, "--json").stdout)
    assert (done["failed"], done["tenants"]) == (0, 6)


def test_one_bad_file_leaves_out_its_tenant_alone(clone: Clone) -> None:
    """`--all` as it is typed: the others are applied, who was left out and why is said, and the exit code is 1."""
    folder = clone.home.folder / "registry"
    good = (folder / "fleet-2.yaml").read_text()
    new(clone, 1, 2, 8)
    try:
        (folder / "fleet-2.yaml").write_text(good.replace("name: Fleet", "name: [Fleet"))
        done = clone.smos("tenant", "apply", "--all", "--json", ok=False)
        assert done.returncode == 1
        assert "left out: tenants/registry/fleet-2.yaml" in done.stderr
        assert "Traceback" not in done.stderr
        facts = last_json(done.stdout)
        assert (facts["failed"], facts["left_out"]) == (0, ["fleet-2"])
        listed = {
            one["slug"]: one["status"]
            for one in json.loads(clone.smos("tenant", "list", "--json", ok=False).stdout)["tenants"]
        }
        assert listed["fleet-8"] == "up"
        assert "fleet-2" not in listed
        assert [one for one in clone.inventory() if "fleet-2" in one["urn"]], "what it has stays as it is"
    finally:
        (folder / "fleet-2.yaml").write_text(good)
    assert last_json(clone.smos("tenant", "apply", "--all", "--json").stdout)["left_out"] == []


def test_no_secret_is_in_a_journal(clone: Clone) -> None:
    """Nor in what was said."""
    keyring = [line.split()[0] for line in clone.shell("./smos keys show").stdout.splitlines() if "/" in line]
    assert "prod/statesKey" in keyring
    wanted = ["prod/vault/statesSecretId", "prod/vault/provisionerSecretId", "shared/statePassphrase"]
    reported = "".join(file.read_text() for file in (clone.home.folder / "fleet").iterdir()) + "".join(clone.said)
    for path in wanted:
        value = clone.shell(f"./smos keys show {path} --reveal").stdout.strip()
        assert len(value) > 8
        assert value not in reported
