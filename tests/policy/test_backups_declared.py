"""What holds data is backed up, to a store that is not lost with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policy.rule import Facts, Resource
from policy.rules.backups_declared import RULE
from tests.policy.judged import FACTS, said_of_stack

DATABASE = Resource(token="postgresql:index/database:Database", name="n8n-db", inputs={"name": "n8n"})
SERVER = Resource(token="azure-native:dbforpostgresql:Server", name="server", inputs={})
VOLUME = Resource(token="docker:index/volume:Volume", name="files", inputs={"name": "s-prod-odoo-files"})
BUCKET = Resource(token="cloudflare:index/r2Bucket:R2Bucket", name="bucket", inputs={"name": "s-prod-knowledge"})
EVERYTHING = [DATABASE, SERVER, VOLUME, BUCKET]


def told(*domains: str) -> Facts:
    """Of an environment whose stores are in those failure domains."""
    return replace(FACTS, backup_domains=domains)


@pytest.mark.parametrize(
    ("stack", "facts"),
    [
        (EVERYTHING, told("cloudflare", "azure")),
        (EVERYTHING, told("other")),
        ([DATABASE, SERVER], told("cloudflare")),
        ([DATABASE, VOLUME], told("host:second", "azure")),
        ([VOLUME], told()),  # no platform: it has no database
        (EVERYTHING, replace(told(), tenant="acme")),
        (EVERYTHING, replace(told(), own_machine=True)),
    ],
)
def test_what_is_right_passes(stack: list[Resource], facts: Facts) -> None:
    """Nothing is said of it."""
    assert said_of_stack(RULE, stack, facts) == []


@pytest.mark.parametrize(
    ("stack", "facts", "words"),
    [
        (EVERYTHING, told(), "nothing that the platform holds is backed up"),
        ([DATABASE, SERVER], told("azure"), "what is in azure is backed up only there"),
        ([DATABASE, BUCKET], told("cloudflare"), "what is in cloudflare is backed up only there"),
        ([DATABASE, VOLUME], told("host:vps"), "what is in hosts is backed up only there"),
    ],
)
def test_what_is_wrong_is_told(stack: list[Resource], facts: Facts, words: str) -> None:
    """Off, or lost together with its source: one violation, with the key of the settings that mends it."""
    ((_, text),) = said_of_stack(RULE, stack, facts)
    assert words in text
    assert "smarteros:backups/stores" in text
