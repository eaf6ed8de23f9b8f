"""Secrets are never in plain text."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN, Marked
from policy.rules.secrets_not_plain import RULE
from tests.policy.judged import said

APP = "azure-native:app:ContainerApp"
BOX = "docker:index/container:Container"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----"


def app(**parts: Any) -> dict[str, Any]:
    secrets = {"configuration": {"secrets": parts["secrets"]}} if "secrets" in parts else {}
    return {"template": {"containers": [{"env": parts.get("env", [])}]}, **secrets}


RIGHT: list[tuple[str, dict[str, Any]]] = [
    (APP, app(env=[{"name": "DB_PASSWORD", "secretRef": "db-password"}, {"name": "DB_HOST", "value": "h"}])),
    (APP, app(secrets=[{"name": "x", "keyVaultUrl": "https://kv"}])),
    (BOX, {"envs": ["ADMIN_REQUIRE_PASSWORD_CHANGE=false", "PASSWORD_MAX_AGE_DAYS=0"]}),
    (BOX, {"envs": ["POSTGRES_PASSWORD_FILE=/run/secrets/p", "TZ=UTC", Marked("API_TOKEN=abc"), UNKNOWN]}),
    (BOX, {"uploads": [{"file": "/run/secrets/redis-password", "content": Marked("x")}]}),
    (BOX, {"envs": ["PWD=/srv", "OLDPWD=/srv", "DB_URL=postgres://app:${DB_PW}@db/app", "URL=http://h:80/a@b"]}),
    (BOX, {"envs": [Marked("DB_URL=postgres://app:geheim@db/app")]}),
    (BOX, {"command": ["redis-server", "--requirepass", Marked("pw")]}),
    (BOX, {"command": ["redis-server", "--password-file=/run/secrets/p", "--port", "1"]}),
    ("postgresql:index/role:Role", {"password": Marked("x")}),
    ("postgresql:index/role:Role", {"password": UNKNOWN}),
    ("tls:index/certRequest:CertRequest", {"privateKeyPem": Marked(KEY)}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (APP, app(env=[{"name": "DB_PASSWORD", "value": Marked("x")}]), "DB_PASSWORD"),
    (APP, app(secrets=[{"name": "x", "value": Marked("y")}]), "keyVaultUrl"),
    (BOX, {"envs": ["API_TOKEN=abc"]}, "API_TOKEN"),
    (BOX, {"envs": ["DB_PWD=abc"]}, "DB_PWD"),
    (BOX, {"envs": ["DBPWD=abc"]}, "DBPWD"),
    (BOX, {"envs": ["DB_URL=postgres://app:geheim@db/app"]}, "envs[0] is an address"),
    (BOX, {"envs": ["REDIS_URL=redis://:geheim@db"]}, "envs[0] is an address"),
    (APP, app(env=[{"name": "DB_URL", "value": "postgres://app:geheim@db/app"}]), "is an address"),
    (BOX, {"command": ["redis-server", "--requirepass", "pw"]}, "--requirepass"),
    (BOX, {"entrypoints": ["sh", "-c", "redis-server --requirepass pw"]}, "--requirepass"),
    (BOX, {"command": ["x", "--db-password=pw"]}, "--db-password"),
    (BOX, {"envs": ["N8N_ENCRYPTION_KEY=abc"]}, "N8N_ENCRYPTION_KEY"),
    (BOX, {"uploads": [{"file": "/run/secrets/redis-password", "content": "x"}]}, "redis-password"),
    ("postgresql:index/role:Role", {"password": "x"}, "state"),
    ("azure-native:keyvault:Secret", {"properties": {"value": "x"}}, "properties.value"),
    ("command:remote:Command", {"create": "echo " + KEY}, "create holds a key"),
    ("docker:index/volume:Volume", {"labels": [{"label": "k", "value": "AGE-SECRET-KEY-1ABC"}]}, "labels[0].value"),
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


def test_no_message_holds_the_secret() -> None:
    """It says where, never what."""
    assert "geheim" not in str(said(RULE, BOX, {"envs": ["API_TOKEN=geheim"]}))
