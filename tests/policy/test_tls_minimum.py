"""Nothing speaks less than TLS 1.2."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN
from policy.rules.tls_minimum import RULE
from tests.policy.judged import said

APP = "azure-native:app:ContainerApp"
STORE = "azure-native:storage:StorageAccount"
PARAMETER = "azure-native:dbforpostgresql:Configuration"
CLUSTER = "azure-native:redisenterprise:RedisEnterprise"
DATABASE = "azure-native:redisenterprise:Database"
ZONE = "cloudflare:index/zoneSetting:ZoneSetting"

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (STORE, {"minimumTlsVersion": "TLS1_2", "enableHttpsTrafficOnly": True}),
    (STORE, {"minimumTlsVersion": UNKNOWN}),
    (PARAMETER, {"configurationName": "require_secure_transport", "value": "ON"}),
    (PARAMETER, {"configurationName": "log_connections", "value": "on"}),
    (ZONE, {"settingId": "ssl", "value": "strict"}),
    (APP, {"configuration": {"ingress": {"allowInsecure": False}}}),
    (APP, {"configuration": {}}),
    (CLUSTER, {"minimumTlsVersion": "1.2"}),
    (DATABASE, {}),
    (DATABASE, {"clientProtocol": UNKNOWN}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (STORE, {}, "TLS1_2"),
    (STORE, {"minimumTlsVersion": "TLS1_1"}, "TLS1_2"),
    (STORE, {"minimumTlsVersion": "TLS1_2", "enableHttpsTrafficOnly": False}, "enableHttpsTrafficOnly"),
    (PARAMETER, {"configurationName": "require_secure_transport", "value": "OFF"}, "plain text"),
    (PARAMETER, {"configurationName": "log_connections", "value": "off"}, "who connected"),
    (PARAMETER, {"configurationName": "ssl_min_protocol_version", "value": "TLSv1"}, "TLSv1.2"),
    (ZONE, {"settingId": "ssl", "value": "flexible"}, "strict"),
    (ZONE, {"settingId": "min_tls_version", "value": "1.0"}, "1.2"),
    (ZONE, {"settingId": "always_use_https", "value": "off"}, "on"),
    (APP, {"configuration": {"ingress": {"allowInsecure": True}}}, "allowInsecure"),
    ("azure-native:cache:Redis", {"minimumTlsVersion": "1.0"}, "1.2"),
    (CLUSTER, {}, "1.2"),
    (DATABASE, {"clientProtocol": "Plaintext"}, "Encrypted"),
    ("azure-native:cache:Redis", {"minimumTlsVersion": "1.2", "enableNonSslPort": True}, "enableNonSslPort"),
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
