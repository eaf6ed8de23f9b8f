"""A run on many: waves, budget, attempts, and that one tenant's failure is its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tenants.fleet import runner
from tenants.fleet.journal import Journal, read
from tenants.fleet.limits import Limit, Limiter
from tenants.fleet.plan import Budget, Plan, Wave
from tenants.fleet.runner import Done, Outcome, Result, Run, run
from tenants.fleet.stopping import Stopping


def done(slug: str, outcome: Outcome = Outcome.UNCHANGED, **more: Any) -> Done:
    return Done(slug=slug, outcome=outcome, **more)


def through(
    folder: Path,
    plan: Plan,
    act: Callable[[str], Done],
    *,
    stopping: Stopping | None = None,
    workers: int = 3,
    **more: Any,
) -> tuple[Result, Path]:
    """Runs it; what came of it, and its journal."""
    with Journal(folder, "test") as journal:
        wanted = Run(plan=plan, act=act, journal=journal, workers=workers, **more)
        return run(wanted, stopping or Stopping()), journal.file


def plan(*sizes: int, canaries: bool = False) -> Plan:
    """Waves of so many tenants."""
    waves = [
        Wave(number, tuple(f"t-{number}-{one}" for one in range(size)), canaries and number == 0)
        for number, size in enumerate(sizes)
    ]
    return Plan(tuple(waves))


def test_one_tenants_failure_touches_no_other(tmp_path: Path) -> None:
    """Whatever it is: an error that nobody expected, too."""

    def act(slug: str) -> Done:
        if slug == "t-0-3":
            raise RuntimeError("nobody expected this")
        return done(slug, Outcome.CHANGED, changes=2)

    result, file = through(tmp_path, plan(10, 10), act)
    assert result.count(Outcome.CHANGED) == 19
    (bad,) = (one for one in result.done if not one.good)
    assert (bad.slug, bad.why) == ("t-0-3", "RuntimeError: nobody expected this")
    assert (result.left, result.stopped) == ((), "")
    assert read(file).finished


def test_a_wave_begins_when_the_one_before_has_ended_and_is_well(tmp_path: Path) -> None:
    """And no more tenants run at once than there are workers."""
    log: list[str] = []
    running, most, lock = [0], [0], threading.Lock()

    def act(slug: str) -> Done:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
            log.append(slug)
        time.sleep(0.01)
        with lock:
            running[0] -= 1
        return done(slug)

    def health(some: Sequence[Done]) -> Mapping[str, str]:
        log.append(f"looked at {len(some)}")
        return {}

    through(tmp_path, plan(4, 5), act, health=health)
    assert sorted(log[:4]) == [f"t-0-{one}" for one in range(4)]
    assert (log[4], log[-1]) == ("looked at 4", "looked at 5")
    assert 1 < most[0] <= 3


def test_a_canary_that_is_not_well_stops_the_run(tmp_path: Path) -> None:
    """Nobody else is touched; so also when its run ended well and it does not answer."""
    for act, health in (
        (lambda slug: done(slug, Outcome.FAILED, why="no"), lambda _: {}),
        (done, lambda some: {some[0].slug: "it does not answer"}),
    ):
        result, file = through(tmp_path, plan(1, 5, canaries=True), act, health=health)
        assert result.left == tuple(f"t-1-{one}" for one in range(5))
        assert "canaries" in result.stopped
        assert "t-0-0" in result.stopped
        assert read(file).failed.keys() == {"t-0-0"}
        assert not read(file).finished


def test_the_budget_stops_it_in_the_middle_of_a_wave(tmp_path: Path) -> None:
    """Who has begun ends; nobody begins any more."""
    result, _ = through(
        tmp_path, plan(50), lambda slug: done(slug, Outcome.FAILED), budget=Budget(failures=3), workers=2
    )
    assert 4 <= len(result.done) <= 5
    assert len(result.left) == 50 - len(result.done)
    assert "failed" in result.stopped


def test_failures_within_the_budget_do_not_stop_it(tmp_path: Path) -> None:
    """One in twenty may fail."""
    result, _ = through(
        tmp_path, plan(40), lambda slug: done(slug, Outcome.FAILED if slug in ("t-0-1", "t-0-2") else Outcome.UNCHANGED)
    )
    assert (len(result.done), result.stopped) == (40, "")


def test_ctrl_c_finishes_what_runs_and_begins_no_more(tmp_path: Path) -> None:
    """The next run finds in the journal who is done."""
    stopping = Stopping()
    begun = threading.Semaphore(0)

    def act(slug: str) -> Done:
        begun.release()
        while not stopping.why:
            time.sleep(0.005)
        return done(slug)

    def operator() -> None:
        for _ in range(3):
            begun.acquire()
        stopping.stop("stopped by the operator")

    threading.Thread(target=operator).start()
    result, file = through(tmp_path, plan(20, 20), act, stopping=stopping)
    assert (len(result.done), len(result.left), result.stopped) == (3, 37, "stopped by the operator")
    assert all(one.good for one in result.done)
    assert (len(read(file).done), read(file).finished) == (3, False)


def test_what_ends_all_ends_all(tmp_path: Path) -> None:
    """An edited file: nobody begins any more, and why is said."""

    def act(slug: str) -> Done:
        return done(slug, Outcome.FAILED, why="edited", ends_all=True) if slug == "t-0-0" else done(slug)

    result, _ = through(tmp_path, plan(10, 3), act, workers=1, budget=Budget(failures=9))
    assert ([one.slug for one in result.done], result.stopped) == (["t-0-0"], "edited")


def test_another_attempt_where_it_is_worth_one(tmp_path: Path) -> None:
    """A vendor's refusal, or a lock: it is tried again later, and counted once."""
    attempts: dict[str, int] = {}

    def act(slug: str) -> Done:
        attempts[slug] = attempts.get(slug, 0) + 1
        first = slug == "t-0-1" and attempts[slug] < 3
        return done(slug, Outcome.FAILED, why="429", again_in_s=0.05, refused=True) if first else done(slug)

    result, file = through(tmp_path, plan(4), act, limiter=Limiter({"azure-native": Limit(200, 10)}))
    assert attempts == {"t-0-0": 1, "t-0-1": 3, "t-0-2": 1, "t-0-3": 1}
    assert (len(result.done), result.count(Outcome.UNCHANGED)) == (4, 4)
    assert file.read_text().count('"again"') == 2
    assert len(read(file).done) == 4


def test_attempts_end(tmp_path: Path) -> None:
    """A vendor that always refuses is a failure, not a run without end."""
    count = [0]

    def act(slug: str) -> Done:
        count[0] += 1
        return done(slug, Outcome.FAILED, why="429", again_in_s=0.01)

    result, _ = through(tmp_path, plan(1), act)
    assert (count[0], result.done[0].why) == (runner.ATTEMPTS, "429")


def test_of_a_group_one_is_done_at_a_time(tmp_path: Path) -> None:
    """Two stacks of one project meet in one folder; others go on meanwhile."""
    running: list[str] = []
    together: list[set[str]] = []
    lock = threading.Lock()

    def act(slug: str) -> Done:
        with lock:
            running.append(slug)
            together.append(set(running))
        time.sleep(0.02)
        with lock:
            running.remove(slug)
        return done(slug)

    result, _ = through(tmp_path, plan(12), act, workers=4, group=lambda slug: str(int(slug[4:]) % 3))
    assert len(result.done) == 12
    assert max(len(one) for one in together) == 3
    for one in together:
        assert len({int(slug[4:]) % 3 for slug in one}) == len(one)


@pytest.mark.parametrize("workers", [1, 4])
def test_nobody_is_left_out_and_each_is_told_once(tmp_path: Path, workers: int) -> None:
    """A line a tenant, counted upwards."""
    notified: list[tuple[str, int, int]] = []
    result, _ = through(
        tmp_path,
        plan(1, 30, 9),
        done,
        workers=workers,
        notify=lambda one, number, of: notified.append((one.slug, number, of)),
    )
    assert sorted(one.slug for one in result.done) == sorted(plan(1, 30, 9).slugs)
    assert [number for _, number, _ in notified] == list(range(1, 41))
    assert {of for _, _, of in notified} == {40}
