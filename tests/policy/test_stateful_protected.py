"""What holds data is protected."""

from __future__ import annotations

from policy.rule import Facts, Resource
from policy.rules.stateful_protected import RULE
from policy.stateful import holds, plain_token
from tests.policy.judged import said_of_stack

VOLUME = "docker:index/volume:Volume"


def volume(name: str, protect: bool = False) -> Resource:
    return Resource(token=VOLUME, name=name, inputs={"name": name}, protect=protect)


def loader(name: str) -> Resource:
    inputs = {"uploads": [{"file": "/x"}], "volumes": [{"volumeName": name}]}
    return Resource(token="docker:index/container:Container", name="loader", inputs=inputs)


def test_unprotected_data_is_told() -> None:
    """By name, with what would be lost."""
    server = Resource(token="azure-native:dbforpostgresql:Server", name="db", inputs={})
    ((name, text),) = said_of_stack(RULE, [server, volume("data", protect=True)])
    assert name == "db"
    assert "every database of the server" in text


def test_a_volume_of_secrets_is_one_only_when_something_fills_it() -> None:
    """Its name alone excuses nothing."""
    assert said_of_stack(RULE, [volume("redis-secrets"), loader("redis-secrets")]) == []
    ((name, text),) = said_of_stack(RULE, [volume("my-secrets"), loader("other-secrets")])
    assert (name, "no container fills it" in text) == ("my-secrets", True)


def test_the_logins_of_all_tenants_are_protected() -> None:
    """They go with the backend that they are made in."""
    backend = Resource(token="vault:index/authBackend:AuthBackend", name="approle", inputs={"type": "approle"})
    ((name, text),) = said_of_stack(RULE, [backend])
    assert name == "approle"
    assert "every tenant's login" in text


def test_what_holds_nothing_needs_no_protection() -> None:
    """A network can be made again."""
    assert said_of_stack(RULE, [Resource(token="docker:index/network:Network", name="n", inputs={})]) == []


def test_a_version_of_the_api_changes_nothing() -> None:
    """Azure's types are asked for with or without it."""
    assert plain_token("azure-native:storage/v20240101:BlobContainer") == "azure-native:storage:BlobContainer"
    assert holds("azure-native:storage/v20240101preview:BlobContainer", {})
    assert plain_token("docker:index/volume:Volume") == VOLUME


def test_a_developers_machine_needs_no_protection() -> None:
    """Not because the environment is called `local`: because it is on one machine that nobody else reaches."""
    assert said_of_stack(RULE, [volume("data")], Facts(environment="local", own_machine=True)) == []
    assert len(said_of_stack(RULE, [volume("data")], Facts(environment="local"))) == 1
