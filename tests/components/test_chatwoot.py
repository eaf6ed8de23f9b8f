"""Chatwoot: prepared, then the web, then the worker; both told the same; extensions, attachments, mail."""

from __future__ import annotations

import re
from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from components.services.chatwoot import SOURCES, owner_script
from components.services.redis_users import users_file
from settings import expected_secrets
from settings.reading import read_settings
from settings.services.chatwoot import Chatwoot
from settings.systems.smarteros import CALLS, SmarterOSServices
from settings.wiring import url_of
from tests.components.declared import Declared, Hidden, config_of, platform, resolved

ACCESS = SmarterOSServices.redis_access()
CONTAINERS = ["chatwoot-prepare", "chatwoot-container", "chatwoot-worker-container"]
S3 = {"kind": "s3", "endpoint": "https://0a1b.r2.cloudflarestorage.com", "bucket": "chatwoot"}
SECRETS = {
    "SECRET_KEY_BASE",
    "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY",
    "ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY",
    "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT",
    "SMTP_PASSWORD",
    "POSTGRES_PASSWORD",
    "REDIS_URL",
}


def services(**changed: Any) -> dict[str, Any]:
    """The services of prod, with something of Chatwoot changed."""
    found: dict[str, Any] = deepcopy(config_of("prod")["services"])
    found["chatwoot"] |= changed
    return found


@cache
def prod() -> tuple[Declared, ...]:
    """What prod declares."""
    return tuple(platform())


def named(name: str, declared: tuple[Declared, ...] | None = None) -> Declared:
    """The one resource of that name."""
    (found,) = [one for one in declared or prod() if one.name == name and one.custom]
    return found


def environment(container: Declared) -> dict[str, str]:
    """What a container's process is told."""
    return dict(str(one).split("=", 1) for one in resolved(container.inputs)["envs"])


def before(name: str) -> set[str]:
    """Everything that must exist before a resource, over any number of steps."""
    by_urn = {one.urn: one for one in prod()}
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = named(waiting.pop())
        providers = [one.provider.rpartition("::")[0]] if one.provider else []
        for urn in (*one.dependencies, *providers):
            if urn in by_urn and by_urn[urn].name not in found and by_urn[urn].custom:
                found.add(by_urn[urn].name)
                waiting.append(by_urn[urn].name)
    return found


def test_the_database_is_prepared_before_the_web_and_the_web_is_there_before_the_worker() -> None:
    """The vendor's order; extensions and Redis come before all of them."""
    assert {"chatwoot-db-vector", "chatwoot-db-pg_stat_statements", "redis-container"} <= before("chatwoot-prepare")
    assert "chatwoot-prepare" in before("chatwoot-container")
    assert {"chatwoot-container", "chatwoot-prepare"} <= before("chatwoot-worker-container")


def test_the_commands_are_the_vendors() -> None:
    """As docker-compose.production.yaml and the chart have them."""
    prepare, web, worker = (resolved(named(name).inputs) for name in CONTAINERS)
    shell, option, script, _, owner = prepare["entrypoints"]
    assert (shell, option) == ("/bin/sh", "-c")
    tables, made = script.index("bundle exec rails db:chatwoot_prepare"), script.index("bundle exec rails runner")
    assert script.startswith("set -e; ")
    assert tables < made
    assert owner == owner_script()
    assert web["entrypoints"] == ["docker/entrypoints/rails.sh"]
    assert web["command"][:6] == ["bundle", "exec", "rails", "s", "-p", "3000"]
    assert worker["entrypoints"] == ["bundle", "exec", "sidekiq", "-C", "config/sidekiq.yml"]


def test_web_worker_and_preparation_have_the_same_secrets_and_none_in_plain() -> None:
    """A session that the web signs is read by the worker; none of it stands where it can be read."""
    held: list[dict[str, str]] = []
    for name in CONTAINERS:
        hidden = [str(one.value) for one in named(name).inputs["envs"] if isinstance(one, Hidden)]
        held.append(dict(one.split("=", 1) for one in hidden))
        assert set(held[-1]) == SECRETS, name
    assert held[0] == held[1] == held[2]
    keys = [value for key, value in held[0].items() if key.startswith(("SECRET", "ACTIVE"))]
    assert len(set(keys)) == 4


def test_web_and_worker_are_told_the_same() -> None:
    """But for the address at which the worker's health is asked, inside its own container, and for the owner, whom the
    preparation makes with what the web is told.
    """
    web, worker = (environment(named(name)) for name in CONTAINERS[1:])
    assert {key for key in worker if worker[key] != web.get(key)} == {"SIDEKIQ_ALIVE_HOST"}
    assert set(web) - set(worker) == {"SMOS_OWNER_EMAIL", "SMOS_OWNER_PASSWORD_FILE"}
    assert worker["SIDEKIQ_ALIVE_HOST"] == "127.0.0.1"
    assert "7433/" in worker_health()


def worker_health() -> str:
    """How the worker's health is asked."""
    return str(resolved(named("chatwoot-worker-container").inputs)["healthcheck"]["tests"])


def test_the_webs_health_is_asked_as_the_proxy_asks() -> None:
    """Without the header Rails would answer with its https address, which nobody serves there."""
    tests = resolved(named("chatwoot-container").inputs)["healthcheck"]["tests"]
    assert tests[0] == "CMD"
    assert tests[-3:] == ["--header", "X-Forwarded-Proto: https", "http://127.0.0.1:3000/health"]
    assert environment(named("chatwoot-container"))["FORCE_SSL"] == "true"


def test_what_answers_over_tls_alone_is_called_by_its_public_name() -> None:
    """Also by what is beside it."""
    beside = services() | {
        "n8n": {**services()["n8n"], "placement": {"where": "docker", "host": "vps"}, "database": "vps"}
    }
    settings, problems = read_settings("prod", config_of("prod") | {"services": beside}, "Pulumi.prod.yaml")
    assert settings, problems
    (answer,) = [call for call in CALLS if call.callee == "chatwoot"]
    assert url_of(settings, answer).startswith("https://chatwoot.smarterbot.cl/api/v1/")


def test_each_end_of_the_flow_is_told_to_both() -> None:
    """The worker sends the webhooks, the web answers the API."""
    for name in CONTAINERS[1:]:
        env = environment(named(name))
        assert env["SMOS_CLASSIFY_URL"] == "https://n8n.smarterbot.cl/webhook/chatwoot-message"
        assert env["SMOS_CLASSIFY_HMAC_FILE"].startswith("/run/secrets/")
        assert env["SMOS_ANSWER_HMAC_FILE"].startswith("/run/secrets/")
    for container in ("chatwoot", "chatwoot-worker"):
        uploads = resolved(named(f"{container}-secrets-loader").inputs)["uploads"]
        files = {one["file"] for one in uploads}
        assert environment(named("chatwoot-container"))["SMOS_CLASSIFY_HMAC_FILE"] in files


def test_extensions_are_made_by_an_administrator() -> None:
    """All that its schema asks for, so that the preparation finds them there."""
    extensions = {
        one.inputs["name"] for one in prod() if one.name.startswith("chatwoot-db-") and "Extension" in one.token
    }
    assert extensions == {"pg_stat_statements", "pg_trgm", "pgcrypto", "vector"}


def test_web_and_worker_share_one_volume() -> None:
    """It is made once, protected, and mounted by all three."""
    volumes = [one for one in prod() if one.token.endswith(":Volume") and one.name.endswith("-storage")]
    assert [(one.name, one.protect) for one in volumes] == [("chatwoot-storage", True)]
    for name in CONTAINERS:
        mounted = {one["volumeName"]: one["containerPath"] for one in resolved(named(name).inputs)["volumes"]}
        assert mounted["smarteros-prod-chatwoot-storage"] == "/app/storage", name


def test_attachments_in_s3_need_no_volume() -> None:
    """And two more secrets; other stores refuse Amazon's own checksums."""
    declared = tuple(platform(services=services(attachments=S3)))
    assert not [one for one in declared if one.name == "chatwoot-storage"]
    for name in CONTAINERS:
        env = environment(named(name, declared))
        assert env["ACTIVE_STORAGE_SERVICE"] == "s3_compatible"
        assert (env["STORAGE_ENDPOINT"], env["STORAGE_BUCKET_NAME"]) == (S3["endpoint"], "chatwoot")
        assert env["AWS_REQUEST_CHECKSUM_CALCULATION"] == "when_required"
        hidden = [str(one.value) for one in named(name, declared).inputs["envs"] if isinstance(one, Hidden)]
        keys = {one.split("=", 1)[0] for one in hidden}
        assert keys == SECRETS | {"STORAGE_ACCESS_KEY_ID", "STORAGE_SECRET_ACCESS_KEY"}


@pytest.mark.parametrize(
    ("security", "port", "given"),
    [
        ("starttls", 587, {"SMTP_ENABLE_STARTTLS_AUTO": "true"}),
        ("tls", 465, {"SMTP_ENABLE_STARTTLS_AUTO": "false", "SMTP_TLS": "true"}),
    ],
)
def test_mail_goes_through_the_server_of_the_settings(security: str, port: int, given: dict[str, str]) -> None:
    """By TLS, and the server's certificate is looked at."""
    mail = {"host": "smtp.example.com", "port": port, "security": security, "user": "me", "sender": "a@example.org"}
    declared = tuple(platform(services=services(mail=mail)))
    found = environment(named("chatwoot-worker-container", declared))
    assert {key: value for key, value in found.items() if "STARTTLS" in key or key == "SMTP_TLS"} == given
    assert (found["SMTP_ADDRESS"], found["SMTP_PORT"], found["SMTP_USERNAME"]) == ("smtp.example.com", str(port), "me")
    assert (found["MAILER_SENDER_EMAIL"], found["SMTP_DOMAIN"]) == ("a@example.org", "example.org")
    assert found["SMTP_OPENSSL_VERIFY_MODE"] == "peer"


def test_it_logs_in_at_redis_as_itself() -> None:
    """The user stands in the URL; its keys, and those of the worker's health, are open to it."""
    url = environment(named("chatwoot-container"))["REDIS_URL"]
    assert re.fullmatch(r"redis://chatwoot:[A-Za-z0-9]+@smarteros-prod-redis:6379", url)
    (line,) = [one for one in users_file({"chatwoot": "x"}, ACCESS).splitlines() if one.startswith("user chatwoot ")]
    assert {"~queue:*", "~sidekiq-alive-hostnames", "~SIDEKIQ::LIVENESS_PROBE_TIMESTAMP::*"} <= set(line.split())


def test_its_pools_are_its_connections() -> None:
    """A thread holds one; what the capacity model counts is what Rails is told."""
    env = environment(named("chatwoot-container"))
    chatwoot = Chatwoot.model_validate(services()["chatwoot"])
    assert env["WEB_CONCURRENCY"] == "0"
    assert chatwoot.connections() == int(env["RAILS_MAX_THREADS"]) + int(env["SIDEKIQ_CONCURRENCY"])


def test_the_worker_has_time_to_end_what_it_does() -> None:
    """Docker waits longer than Sidekiq does."""
    worker = named("chatwoot-worker-container")
    assert worker.inputs["stopTimeout"] > int(environment(worker)["SIDEKIQ_SHUTDOWN_TIMEOUT"])


def test_nobody_makes_an_account_for_himself() -> None:
    """Accounts are tenants; and Chatwoot's vendor is told nothing."""
    env = environment(named("chatwoot-container"))
    assert (env["ENABLE_ACCOUNT_SIGNUP"], env["DISABLE_TELEMETRY"]) == ("false", "true")
    assert env["FRONTEND_URL"] == "https://chatwoot.smarterbot.cl"


def test_every_variable_has_its_source() -> None:
    """By its name, or by the beginning of it."""
    with_s3 = tuple(platform(services=services(attachments=S3)))
    for name in (*environment(named(CONTAINERS[2])), *environment(named(CONTAINERS[2], with_s3))):
        assert any(name == key or (key.endswith("*") and name.startswith(key[:-1])) for key in SOURCES), name
    assert {"port", "volumes", "health"} <= SOURCES.keys()


def test_secrets_are_called_for_as_it_is_set() -> None:
    """No bucket, no access key."""
    for attachments, there in (({"kind": "volume"}, False), (S3, True)):
        values = config_of("prod") | {"services": services(attachments=attachments)}
        settings, _ = read_settings("prod", values, "Pulumi.prod.yaml")
        assert settings
        entries = {one.entry for one in expected_secrets(settings)}
        assert "external/chatwootSmtpPassword" in entries
        assert ("external/chatwootS3AccessKeyId" in entries) is there
