"""What an upgrade is refused for, before anything is touched, and what whoever starts it must know.

Pure: the rules are the service's own (settings/services/upgrades.py), the images are handed in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from kept.operator_error import OperatorError
from settings.images import Image
from settings.services.upgrades import Hurdle, UpgradeRules, Version, version_of

__all__ = ["Refusal", "Refused", "crossed", "known", "refusals"]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One reason, how to go about it, and who says so."""

    why: str
    way: str
    source: str

    def __str__(self) -> str:
        by = f" ({self.source})" if self.source else ""
        return f"{self.why}{by}. Fix: {self.way}"


class Refused(OperatorError):
    """An upgrade that must not be. Nothing was touched."""

    exit_code = 2

    def __init__(self, service: str, found: Collection[Refusal]) -> None:
        super().__init__("\n".join(f"{service}: {one}" for one in found))
        self.found = tuple(found)


def refusals(
    service: str, rules: UpgradeRules, now: Image, then: Image, accepted: Collection[str] = ()
) -> list[Refusal]:
    """Every reason against going from one image to the other; none when it may be."""
    before, after = version_of(rules, now.tag), version_of(rules, then.tag)
    if after is None:
        why = f"{then.tag} is no version of {service}'s image: another edition, a moving tag, or none at all"
        return [Refusal(why=why, way=f"a version as in {rules.example}", source="")]
    if before is None:
        why = f"what runs now is {now.tagged}, which is none of the versions that the rules know"
        return [Refusal(why=why, way=f"smarteros:images/{service} at a version as in {rules.example} first", source="")]
    found = [*_direction(service, rules, before, after, now, then), *_unpinned(then)]
    if after > before:
        found += [*_majors(rules, before, after), *_hurdles(rules, before, after, accepted)]
    return found


def known(rules: UpgradeRules, now: Image, then: Image) -> list[str]:
    """What is told besides, a line each: what can't be undone, and what was accepted."""
    lines = [f"{one.name}: {one.why} ({one.source})" for one in crossed(rules, now, then)]
    if rules.one_way:
        lines.append(f"one way: {rules.one_way} ({rules.one_way_source})")
    return lines


def crossed(rules: UpgradeRules, now: Image, then: Image) -> list[Hurdle]:
    """The hurdles between two versions."""
    before, after = version_of(rules, now.tag), version_of(rules, then.tag)
    if before is None or after is None:
        return []
    return [one for one in rules.hurdles if before < one.version <= after]


def _direction(
    service: str, rules: UpgradeRules, before: Version, after: Version, now: Image, then: Image
) -> Iterator[Refusal]:
    if after < before:
        why = f"{then.tag} is older than {now.tag}, which runs: old code never meets newer data"
        source = f"{rules.one_way}; {rules.one_way_source}" if rules.one_way else ""
        yield Refusal(why=why, way="./smos rollback TAG, which brings the data back with the image", source=source)
    elif after == before and (now.digest, now.name) == (then.digest, then.name):
        yield Refusal(why=f"{service} is {now.tag} already", way="another version, or ./smos up", source="")


def _unpinned(then: Image) -> Iterator[Refusal]:
    if then.digest is None:
        why = f"{then.tagged} has no digest, and a tag can be moved by whoever may push to its repository"
        way = (
            f"{then.tag}@sha256:…, as `docker buildx imagetools inspect {then.tagged}` shows it, or ./smos images lock"
        )
        yield Refusal(why=why, way=way, source="docs/images.md")


def _majors(rules: UpgradeRules, before: Version, after: Version) -> Iterator[Refusal]:
    majors = rules.majors
    if majors is None or (majors.below and before >= majors.below):
        return
    if after[0] - before[0] > majors.at_most:
        what = "a new major" if majors.at_most == 0 else f"from {before[0]} to {after[0]} skips a major"
        yield Refusal(why=f"{what}: {majors.why}", way=majors.way, source=majors.source)


def _hurdles(rules: UpgradeRules, before: Version, after: Version, accepted: Collection[str]) -> Iterator[Refusal]:
    for one in rules.hurdles:
        if before < one.version <= after and one.name not in accepted:
            yield Refusal(why=one.why, way=f"{one.way}; then --accept {one.name}", source=one.source)
