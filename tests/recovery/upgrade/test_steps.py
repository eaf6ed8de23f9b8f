"""An upgrade in a made-up world: killed anywhere it goes on to the same end, and no older code ever meets newer
data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kept.operator_error import OperatorError
from recovery.journal import Busy, OtherOperation, journal
from recovery.upgrade.steps import Acts, CameBack, NotBack, Plan, onward, run

PLAN = Plan(
    stack="prod",
    service="chatwoot",
    before="v1",
    after="v2",
    images_before={"chatwoot": None},
    images_after={"chatwoot": "chatwoot:v2"},
    keeps_data=True,
)
NUMBER = {"v1": 1, "v2": 2}


class Killed(BaseException):
    """kill -9: nothing of the program's own runs after it."""


@dataclass
class World:
    """What is there: the image that the file names, the code that runs, the data and its age."""

    image: str = "v1"
    code: str | None = "v1"
    data: list[str] = field(default_factory=lambda: ["a", "b"])
    data_of: int = 1
    backups: dict[str, tuple[list[str], int]] = field(default_factory=dict)
    fails: set[str] = field(default_factory=set)
    kill_at: int = 0
    acts: int = 0

    def __post_init__(self) -> None:
        self.begun = list(self.data)

    def acts_of(self) -> Acts:
        """The steps' hands, each of which may be cut off before and after what it does."""
        return Acts(
            stop=self.act("stop", self.stop),
            back_up=self.act("back_up", self.back_up),
            set_images=self.act("set_images", self.set_images),
            up=self.act("up", self.up),
            smoke=self.act("smoke", self.smoke),
            bring_back=self.act("bring_back", self.bring_back),
        )

    def act(self, name: str, does: Callable[..., Any]) -> Callable[..., Any]:
        """Two moments at which it may be killed."""

        def done(*given: Any) -> Any:
            self.moment()
            answer = does(*given)
            self.moment()
            return answer

        return done

    def moment(self) -> None:
        """One more; the chosen one is the last."""
        self.acts += 1
        if self.acts == self.kill_at:
            raise Killed

    def write(self) -> None:
        """A customer, whenever code runs: what must not be lost."""
        if self.code == "v1" and self.data_of == 1:
            self.data = [*self.data, f"w{len(self.data)}"]

    def stop(self) -> None:
        """No code, no writes."""
        self.code = None

    def back_up(self) -> str:
        """Of what is there now."""
        assert self.code is None, "a backup while somebody writes"
        if "back_up" in self.fails:
            raise OperatorError("the store is full")
        self.backups[f"id{len(self.backups)}"] = (list(self.data), self.data_of)
        return f"id{len(self.backups) - 1}"

    def set_images(self, wanted: Mapping[str, str | None]) -> None:
        """In the file."""
        reference = wanted["chatwoot"]
        self.image = reference.split(":")[1] if reference else "v1"

    def up(self) -> None:
        """The code that the file names starts, and migrates what is older than itself."""
        assert NUMBER[self.image] >= self.data_of, "older code met newer data"
        if self.image == "v2" and self.data_of == 1:
            self.data_of, self.data = 2, [one.upper() for one in self.data]
            if "migration" in self.fails:
                self.data = self.data[:1]
                raise OperatorError("unhealthy: the migration failed")
        if self.image == "v1" and "old up" in self.fails:
            raise OperatorError("no room")
        self.code = self.image

    def smoke(self, tag: str) -> list[str]:
        """Whether it works."""
        if "smoke" in self.fails and tag == "v2":
            raise OperatorError("status 500")
        assert self.code == tag
        return [f"{tag} answers well"]

    def bring_back(self, backup: str) -> list[str]:
        """Into the place of what is there."""
        assert self.code is None, "data changes under code that runs"
        self.data, self.data_of = list(self.backups[backup][0]), self.backups[backup][1]
        return ["kept aside"]


def attempt(folder: Path, world: World, say: Callable[[str], None] = lambda _: None) -> str:
    """One start of the command, and how it ended."""
    with journal(folder, "upgrade-prod", {"service": "chatwoot"}, say) as log:
        log.step("plan", PLAN.as_json)
        plan = Plan.of(log.done["plan"])
        try:
            acts = world.acts_of()
            run(log, plan, acts, say)
            onward(log, plan, acts)
        except CameBack:
            log.end()
            return "came back"
        except NotBack:
            return "not back"
        except Killed:
            return "killed"
        log.end()
        return "done"


def ended(folder: Path, world: World) -> str:
    """As often as it takes."""
    for _ in range(4):
        how = attempt(folder, world)
        if how in ("done", "came back"):
            return how
    raise AssertionError(how)


@pytest.mark.parametrize(
    ("fails", "end"),
    [((), "done"), (("migration",), "came back"), (("smoke",), "came back"), (("back_up",), "came back")],
)
def test_killed_at_any_moment_it_ends_as_if_it_had_not_been(tmp_path: Path, fails: tuple[str, ...], end: str) -> None:
    """Before and after each act; no row is lost, none is of the other age, and the code fits the data."""
    undisturbed = World(fails=set(fails))
    assert ended(tmp_path / "whole", undisturbed) == end
    assert undisturbed.acts >= 6
    for kill_at in range(1, undisturbed.acts + 1):
        world = World(fails=set(fails), kill_at=kill_at)
        assert ended(tmp_path / str(kill_at), world) == end, kill_at
        assert (world.image, world.code, world.data_of, world.data) == (
            undisturbed.image,
            undisturbed.code,
            undisturbed.data_of,
            undisturbed.data,
        ), kill_at
        if end == "came back":
            assert world.data == world.begun


def test_a_failed_migration_brings_back_image_and_data(tmp_path: Path) -> None:
    """By itself, and says why and what is kept aside."""
    world = World(fails={"migration"})
    told = pytest.raises(CameBack, match=r"(?s)v1 again.*kept aside.*the migration failed.*Fix: ")
    with journal(tmp_path, "upgrade-prod", {}, lambda _: None) as log, told:
        run(log, PLAN, world.acts_of(), lambda _: None)
    assert (world.image, world.code, world.data, world.data_of) == ("v1", "v1", ["a", "b"], 1)


def test_a_way_back_that_fails_goes_on_with_the_same_command(tmp_path: Path) -> None:
    """And never starts forward again."""
    world = World(fails={"migration", "old up"})
    assert attempt(tmp_path, world) == "not back"
    world.fails.discard("old up")
    assert attempt(tmp_path, world) == "came back"
    assert (world.code, world.data, len(world.backups)) == ("v1", ["a", "b"], 1)


def test_two_operators_are_refused(tmp_path: Path) -> None:
    """While the first one's process lives; and another upgrade until the first has ended."""
    with journal(tmp_path, "upgrade-prod", {"version": "v2"}, lambda _: None) as log:
        log.step("plan", PLAN.as_json)
        with pytest.raises(Busy), journal(tmp_path, "upgrade-prod", {"version": "v2"}, lambda _: None):
            pass
    with pytest.raises(OtherOperation), journal(tmp_path, "upgrade-prod", {"version": "v3"}, lambda _: None):
        pass


def test_a_plan_survives_its_journal() -> None:
    """Each field, whatever JSON makes of it."""
    import json

    assert Plan.of(json.loads(json.dumps(PLAN.as_json()))) == PLAN
