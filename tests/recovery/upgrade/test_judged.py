"""What is refused before anything is touched, vendor by vendor, by the very tables that the services have."""

from __future__ import annotations

import pytest

from recovery.upgrade.judged import known, refusals
from settings.default_images import default_images, upgrade_rules
from settings.images import Image
from settings.services.upgrades import version_of
from settings.systems.smarteros import SmarterOSServices

RULES = upgrade_rules(SmarterOSServices)
DIGEST = "sha256:" + "a" * 64


def judged(key: str, now: str, then: str, *accepted: str, digest: str | None = DIGEST) -> list[str]:
    """Every refusal, as an operator reads it."""
    found = refusals(key, RULES[key], Image(name="x", tag=now), Image(name="x", tag=then, digest=digest), accepted)
    return [str(one) for one in found]


@pytest.mark.parametrize(
    ("key", "now", "then", "says"),
    [
        ("odoo", "18.0-20260817", "19.0-20260817", "a database of one major can't be opened by another"),
        ("postgres", "0.8.6-pg17", "0.8.6-pg18", "pg_upgrade, or a dump and a restore"),
        ("vault", "1.21.4", "3.0.1", "skips a major"),
        ("openbao", "2.6.2", "4.0.0", "skips a major"),
        ("n8n", "1.123.75", "3.0.0", "skips a major"),
        ("n8n", "1.123.75", "2.35.7", "--accept n8n-2"),
        ("n8n", "2.35.7", "3.0.0", "--accept n8n-3"),
        ("chatwoot", "v3.16.0-ce", "v4.18.0-ce", "--accept chatwoot-v4"),
        ("chatwoot", "v2.18.0-ce", "v4.18.0-ce", "skips a major"),
        ("chatwoot", "v4.17.0-ce", "v4.18.0", "another edition"),
        ("metabase", "v0.38.1", "v0.64.1.5", "release by release"),
        ("metabase", "v0.64.1.5", "v1.64.1.5", "another edition"),
        ("botpress", "12.31.9", "13.0.0", "another product"),
        ("mcp", "v0.9.0", "v1.0.8", "--accept mcp-1"),
        ("traefik", "v2.11.40", "v3.7.11", "--accept traefik-3"),
        ("redis", "7.2.16", "7.4.11", "--accept redis-7.4-licence"),
        ("redis", "7.2.16", "8.10.1", "--accept redis-8-licence"),
    ],
)
def test_what_the_vendor_refuses_is_refused_with_its_source_and_a_way(key: str, now: str, then: str, says: str) -> None:
    """Majors, hurdles, editions: each reason names a way."""
    found = judged(key, now, then)
    assert any(says in one for one in found), found
    assert all("Fix: " in one for one in found)
    if "another edition" not in says:
        assert all("(" in one.split("Fix: ")[0] for one in found), "no source"


@pytest.mark.parametrize("key", sorted(RULES))
def test_an_older_version_a_moving_tag_and_one_without_a_digest_are_refused(key: str) -> None:
    """Of every image alike."""
    rules, tag = RULES[key], RULES[key].example
    older = tag.replace("20260817", "20260101").replace("pg17", "pg16")
    if older == tag:
        first = version_of(rules, tag)
        assert first is not None
        older = tag.replace(str(first[-1]), "0", 1) if first[-1] else tag.replace(str(first[0]), "0", 1)
    assert any("older than" in one for one in judged(key, tag, older)), (tag, older)
    assert any("no version of" in one for one in judged(key, tag, "latest"))
    assert any("has no digest" in one for one in judged(key, tag, tag, digest=None))


@pytest.mark.parametrize("key", sorted(RULES))
def test_the_rules_can_read_what_runs(key: str) -> None:
    """The default's tag and the example, both."""
    assert version_of(RULES[key], default_images(SmarterOSServices)[key].tag)
    assert version_of(RULES[key], RULES[key].example)


def test_every_image_with_a_version_of_its_own_has_rules() -> None:
    """But those that follow another's version."""
    followers = {other for _, kind in SmarterOSServices.kinds() for _, other in kind.same_tags}
    assert set(default_images(SmarterOSServices)) - followers == set(RULES)


@pytest.mark.parametrize("key", sorted(RULES))
def test_a_table_names_its_sources(key: str) -> None:
    """Of whatever it claims."""
    rules = RULES[key]
    assert bool(rules.one_way) == bool(rules.one_way_source)
    sources = [one.source for one in rules.hurdles] + [one.source for one in rules.smoke]
    assert all([*sources, *([rules.majors.source] if rules.majors else [])])
    assert not rules.keeps_data or rules.one_way


@pytest.mark.parametrize(
    ("key", "now", "then", "accepted"),
    [
        ("n8n", "2.35.7", "2.41.1", ()),
        ("n8n", "1.123.75", "2.35.7", ("n8n-2",)),
        ("redis", "7.2.16", "8.10.1", ("redis-7.4-licence", "redis-8-licence")),
        ("redis", "7.2.15", "7.2.16", ()),
        ("metabase", "v0.55.1", "v0.64.1.5", ()),
        ("odoo", "19.0-20260817", "19.0-20261101", ()),
        ("postgres", "0.8.5-pg17", "0.8.6-pg17", ()),
        ("vault", "1.21.4", "2.0.4", ()),
    ],
)
def test_what_may_be_is_let_through(key: str, now: str, then: str, accepted: tuple[str, ...]) -> None:
    """Else every upgrade would be refused by a table that is wrong."""
    assert judged(key, now, then, *accepted) == []


def test_one_way_migrations_are_named_with_their_source() -> None:
    """And what was accepted."""
    lines = known(RULES["n8n"], Image(name="x", tag="1.123.75"), Image(name="x", tag="2.35.7"))
    assert [line.split(":")[0] for line in lines] == ["n8n-2", "one way"]
    assert "db/revert.ts" in lines[1]
