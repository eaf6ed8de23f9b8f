"""Which tenants, in which order: the same files always give the same plan."""

from __future__ import annotations

import pytest

from tenants.fleet.plan import ALONE_FROM, Budget, Plan, Selection, Wave, in_words, left_of, planned
from tenants.model import Tenant


def tenant(slug: str, wave: int = 1, tier: str = "basic") -> Tenant:
    """Of that name, wave and tier."""
    body = {"rut": "12345678-5", "name": slug, "domain": f"{slug}.example.com", "wave": wave, "tier": tier}
    return Tenant.model_validate(body)


def test_canaries_come_first_then_wave_by_wave() -> None:
    """Whatever the order of the files; each wave by slug."""
    tenants = [tenant("dd-d", 2), tenant("bb-b", 0), tenant("cc-c", 1), tenant("aa-a", 1), tenant("ee-e", 2)]
    wanted = Plan((Wave(0, ("bb-b",), canaries=True), Wave(1, ("aa-a", "cc-c")), Wave(2, ("dd-d", "ee-e"))))
    for first in range(5):
        assert planned([*tenants[first:], *tenants[:first]], Selection()) == wanted
    assert wanted.slugs == ("bb-b", "aa-a", "cc-c", "dd-d", "ee-e")
    assert in_words(wanted.waves) == "1 in wave 0 (canaries), 2 in wave 1, 2 in wave 2"


def test_without_canaries_the_first_of_many_goes_alone() -> None:
    """A mistake that breaks every tenant breaks one. Of few, all begin at once."""
    names = [f"t-{number}" for number in range(ALONE_FROM)]
    found = planned([tenant(one, 3) for one in names], Selection())
    assert found.waves == (Wave(3, ("t-0",), canaries=True), Wave(3, tuple(names[1:])))
    assert len(planned([tenant(one, 3) for one in names[1:]], Selection()).waves) == 1


@pytest.mark.parametrize(
    ("wanted", "slugs"),
    [
        (Selection(), ("aa-a", "bb-b", "cc-c")),
        (Selection(wave=0), ("aa-a",)),
        (Selection(tier="pro"), ("bb-b", "cc-c")),
        (Selection(wave=2, tier="pro"), ("cc-c",)),
        (Selection(wave=9), ()),
    ],
)
def test_a_choice_is_of_those_for_which_all_is_true(wanted: Selection, slugs: tuple[str, ...]) -> None:
    """By wave, by tier, by both."""
    tenants = [tenant("aa-a", 0), tenant("bb-b", 1, "pro"), tenant("cc-c", 2, "pro")]
    assert planned(tenants, wanted).slugs == slugs


@pytest.mark.parametrize(
    ("failures", "tenants", "allowed"), [(None, 1, 1), (None, 39, 1), (None, 100, 5), (0, 100, 0), (7, 10, 7)]
)
def test_the_budget(failures: int | None, tenants: int, allowed: int) -> None:
    """One in twenty, and never none, unless it is said."""
    budget = Budget(failures)
    assert budget.allows(allowed, tenants)
    assert not budget.allows(allowed + 1, tenants)


def test_what_is_left_of_a_run() -> None:
    """Done is who came out as is wanted now: whoever's file has changed since is not."""
    plan = Plan((Wave(0, ("aa-a",), canaries=True), Wave(1, ("bb-b", "cc-c")), Wave(2, ("dd-d",))))
    wanted = {slug: "new" for slug in plan.slugs}
    done = {"aa-a": "new", "bb-b": "new", "cc-c": "old"}
    assert left_of(plan, done, wanted) == Plan((Wave(1, ("cc-c",)), Wave(2, ("dd-d",))))
    assert left_of(plan, {}, wanted) == plan
    assert left_of(plan, wanted, wanted) == Plan()
