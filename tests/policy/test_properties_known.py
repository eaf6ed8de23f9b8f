"""Every property is one that the rules know."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policy.rule import UNKNOWN, Marked
from policy.rules.properties_known import RULE
from tests.policy.judged import FACTS, said

BOX = "docker:index/container:Container"
SETTING = "cloudflare:index/zoneSetting:ZoneSetting"
NAMED = {"name": "x", "image": "redis:7.2.16"}
RIGHT: list[tuple[str, dict[str, Any]]] = [
    (BOX, {**NAMED, "start": True, "rm": False, "uploads": UNKNOWN, "__defaults": ["start"], "hostname": None}),
    (BOX, {**NAMED, "tmpfs": {"/tmp": "rw,nosuid,nodev,size=64m,mode=0700,uid=0,gid=0"}}),  # noqa: S108 - a folder in the container's memory
    (BOX, {**NAMED, "uploads": [{"file": "/run/secrets/a.conf", "content": Marked("x"), "__defaults": []}]}),
    (SETTING, {"zoneId": "z", "settingId": "ssl", "value": UNKNOWN}),
    ("azure-native:app:Job", {"any": "thing"}),
    ("azure-native:keyvault:Vault", {"properties": UNKNOWN}),
    ("postgresql:index/grant:Grant", {"role": "public", "database": "x", "objectType": "database", "privileges": []}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (BOX, {**NAMED, "sysctls": {"a": "b"}}, "sysctls is a property that no rule knows: leave it out"),
    (BOX, {**NAMED, "ports": [{"internal": 1.0, "hostIp": "x"}]}, "ports[0].hostIp"),
    (BOX, {**NAMED, "start": False}, "start has a value that nobody looked at: only true"),
    (BOX, {**NAMED, "start": 1.0}, "only true"),
    (BOX, {**NAMED, "tmpfs": {"/tmp": "rw,exec"}}, "tmpfs./tmp"),  # noqa: S108 - a folder in the container's memory
    (BOX, {**NAMED, "shmSize": 900_000.0}, "it is not between 1 and 16384"),
    (BOX, {"name": "x"}, "image is missing"),
    (SETTING, {"zoneId": "z", "settingId": "waf", "value": "off"}, "settingId"),
    ("azure-native:resources:ResourceGroup", {"tags": {"a": {"b": "c"}}}, "tags.a has a value"),
]


@pytest.mark.parametrize(("token", "inputs"), RIGHT)
def test_what_is_right_passes(token: str, inputs: dict[str, Any]) -> None:
    """Nothing is said of it."""
    assert said(RULE, token, inputs) == []


@pytest.mark.parametrize(("token", "inputs", "words"), WRONG)
def test_what_is_wrong_is_told(token: str, inputs: dict[str, Any], words: str) -> None:
    """One fault, one violation, and it says what."""
    found = said(RULE, token, inputs)
    assert len(found) == 1, found
    assert words in found[0]


def test_what_the_settings_say_is_what_it_is() -> None:
    """The zone, the account, the subscription; untold, any."""
    given = replace(FACTS, zone_id="z")
    record = {"name": "x", "type": "A", "content": "c"}
    for zone, facts, wrong in (("z", given, 0), ("other", given, 1), ("other", FACTS, 0), (UNKNOWN, given, 0)):
        assert len(said(RULE, "cloudflare:index/dnsRecord:DnsRecord", {**record, "zoneId": zone}, facts)) == wrong


def test_no_message_holds_a_value() -> None:
    """It may be a secret: it says where, never what."""
    inputs = {**NAMED, "new": "geheim", "user": "geheim", "uploads": [{"file": "geheim", "contentBase64": "geheim"}]}
    assert len(said(RULE, BOX, inputs)) == 4
    assert "geheim" not in str(said(RULE, BOX, inputs))
