"""Accounts at others' services: absent unless named, their keys from the keyring, and for nobody who is not named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime import mocks
from pulumi.runtime.sync_await import _sync_await

from components.services.context import ServiceContext
from components.services.handed import HandedAccounts
from components.services.n8n_credentials import credential_overwrites
from settings import SHAPES, Settings, expected_secrets, load_engine
from settings.accounts import Accounts, Ai, accounts_of, every_account
from settings.reading import read_settings
from tests.accounts_on import all_on, handed_to
from tests.components.declared import (
    Answers,
    Declared,
    Hidden,
    declare,
    engine_config,
    platform,
    prod_config,
    resolved,
    secrets_of,
)

PATHS = [path for path, _ in every_account()]
KINDS = {one.secret.kind for _, account in every_account() for one in account.secrets}


def model(**changed: Any) -> Settings:
    """prod's settings with accounts."""
    found, problems = read_settings("prod", prod_config() | {"ai": {}, "accounts": {}} | changed, "Pulumi.prod.yaml")
    assert found is not None, problems
    return found


def problems(**changed: Any) -> list[str]:
    """What is wrong with prod's settings, so changed."""
    _, found = read_settings("prod", prod_config() | changed, "Pulumi.prod.yaml")
    return [str(one) for one in found]


def takers() -> list[str]:
    """The services of prod that pass keys on."""
    return [key for key, service in model().services.running() if service.takes_accounts]


@cache
def everything_on() -> tuple[Declared, ...]:
    """What prod declares with every account on, each handed to every service that takes them; asked once."""
    return tuple(platform(**handed_to({path: takers() for path in PATHS})))


def hidden_texts(value: Any) -> Iterator[str]:
    """Every text inside a secret."""
    if isinstance(value, Hidden):
        yield from texts(value.value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from hidden_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from hidden_texts(inner)


def texts(value: Any) -> Iterator[str]:
    """Every text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def of_service(declared: tuple[Declared, ...], service: str) -> list[Declared]:
    """What belongs to a service."""
    return [one for one in declared if one.name == service or one.name.startswith(f"{service}-")]


def test_nothing_is_called_for_and_handed_out_unless_it_is_named() -> None:
    """Without the keys in the file there is no secret of them, and no word of them in any service."""
    nothing = model()
    names = {one.secret.name for _, account in every_account() for one in account.secrets}
    assert not [one for one in expected_secrets(nothing) if one.key in names]
    for one in platform(ai={}, accounts={}):
        assert not [text for text in texts(resolved(one.inputs)) if "OPENAI" in text or "CREDENTIALS_OVERWRITE" in text]


def test_what_is_named_is_called_for() -> None:
    """Each key with its purpose and kind, where vendors make it below external/, the same for all environments."""
    expected = {one.entry: one for one in expected_secrets(model(**all_on()))}
    for _, account in every_account():
        for one in account.secrets:
            (found,) = [
                entry for entry in expected.values() if entry.name == "of_services" and entry.key == one.secret.name
            ]
            assert (found.kind, found.purpose) == (one.secret.kind, one.secret.purpose)
            assert found.entry.partition("/")[0] in ("external", "shared")
    assert expected["shared/whatsappVerifyToken"].external is False
    assert expected["external/openaiApiKey"].external is True


def test_a_missing_key_is_refused_with_the_page_where_it_is_made() -> None:
    """The program does not start; the message has the entry, what for, and the vendor's page."""
    values = prod_config() | all_on()
    secrets = {path: value for path, value in secrets_of("prod", values).items() if path != "external/geminiApiKey"}
    mocks.set_mocks(Answers(), project="smarteros", stack="prod")
    engine_config(values, secrets)
    with pytest.raises(pulumi.RunError) as refused:
        load_engine()
    assert "keyring.age: external/geminiApiKey: missing (Pays for models of Gemini)" in str(refused.value)
    assert "https://aistudio.google.com/api-keys" in str(refused.value).split("Fix: ")[1]
    assert "./smos keys set external/geminiApiKey" in str(refused.value).split("Fix: ")[1]


CHOICE = st.fixed_dictionaries({path: st.lists(st.sampled_from(["n8n", "mcp", "x"]), unique=True) for path in PATHS})


@given(choice=CHOICE, service=st.sampled_from(["n8n", "mcp", "x", "traefik"]))
@settings(max_examples=60, deadline=None)
def test_a_service_is_handed_what_names_it_and_nothing_else(
    choice: dict[tuple[str, str], list[str]], service: str
) -> None:
    """For any accounts handed to any services: exactly the keys and the plain parts of those that name this one."""
    values = handed_to(choice)
    ai, accounts = Ai.model_validate(values["ai"]), Accounts.model_validate(values["accounts"])
    handed = handed_by(ai, accounts, service)
    mine = [account for _, account in accounts_of(ai, accounts) if service in account.services]
    assert set(handed.keys) == {one.variable for account in mine for one in account.secrets}
    assert set(handed.keys.values()) == {one.secret.name for account in mine for one in account.secrets}
    assert set(handed.plain) == {name for account in mine for name in account.plain_env()}
    assert set(handed.env) == set(handed.plain) | {f"{name}_FILE" for name in handed.keys}
    assert {f"/run/secrets/{file}" for file in handed.secret_files} == {
        handed.env[f"{name}_FILE"] for name in handed.keys
    }


def handed_by(ai: Ai, accounts: Accounts, service: str) -> HandedAccounts:
    """`ServiceContext.accounts`, where there is nothing but these accounts, and each key is its own name."""
    nothing_else: Any = SimpleNamespace(
        settings=SimpleNamespace(accounts_named=lambda: accounts_of(ai, accounts)), secret=lambda name: name
    )
    return ServiceContext.accounts(nothing_else, service)


def test_a_key_in_a_service_is_the_keyrings() -> None:
    """Every service that says that it passes keys on has each of them, as a secret; the others have none."""
    values = secrets_of("prod", prod_config() | handed_to({path: takers() for path in PATHS}))
    keys = {
        one.variable: values[entry]
        for _, account in every_account()
        for one in account.secrets
        for entry in values
        if entry.endswith("/" + camelled(one.variable))
    }
    assert len(keys) == sum(len(account.secrets) for _, account in every_account())
    for service, wanted in model().services.running():
        held = "\n".join(text for one in of_service(everything_on(), service) for text in hidden_texts(one.inputs))
        for variable, key in keys.items():
            if not wanted.takes_accounts:
                assert key not in held, f"{service} has {variable}"
        if wanted.takes_accounts:
            assert keys["OPENAI_API_KEY"] in held, f"{service} takes accounts and drops the key of OpenAI"
    for one in everything_on():
        plain = set(texts(without_hidden(one.inputs)))
        assert not [name for name, key in keys.items() if any(key in text for text in plain)], one.name


def camelled(variable: str) -> str:
    first, *rest = variable.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


def without_hidden(value: Any) -> Any:
    if isinstance(value, Hidden):
        return None
    if isinstance(value, dict):
        return {key: without_hidden(inner) for key, inner in value.items()}
    return [without_hidden(inner) for inner in value] if isinstance(value, list) else value


def test_n8n_fills_keys_into_credentials_that_leave_them_empty() -> None:
    """As the vendor has it: a file of types and fields, secret, and only of what is handed to n8n."""
    handed = HandedAccounts(
        plain={"SUPABASE_URL": "https://x.supabase.co"},
        keys={"OPENAI_API_KEY": pulumi.Output.secret("sk-1"), "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_2"},
    )
    found = credential_overwrites(handed)
    assert found.env == {"CREDENTIALS_OVERWRITE_DATA_FILE": "/run/secrets/n8n-credentials.json"}
    reported: list[str] = []

    def build(_: Settings) -> None:
        output = found.secret_files["n8n-credentials.json"]
        assert isinstance(output, pulumi.Output)
        assert _sync_await(output.is_secret())
        output.apply(reported.append)

    declare(build)
    assert json.loads(reported[0]) == {
        "openAiApi": {"apiKey": "sk-1"},
        "supabaseApi": {"host": "https://x.supabase.co", "serviceRole": "sb_secret_2"},
    }
    nothing = credential_overwrites(HandedAccounts(plain={}, keys={"HOSTINGER_API_TOKEN": "x"}))
    assert (nothing.env, nothing.secret_files) == ({}, {})


def with_(path: str, value: Any) -> dict[str, Any]:
    """All accounts on, one value changed."""
    found = all_on()
    *way, last = path.split("/")
    here: Any = found
    for part in way:
        here = here[int(part) if part.isdigit() else part]
    if value is ...:
        del here[last]
    else:
        here[last] = value
    return found


@pytest.mark.parametrize(
    ("path", "value", "where", "why", "mend"),
    [
        ("ai/openai/for", ["n8m"], "ai/openai/for/0", "no service of this name runs here", "did you mean n8n?"),
        ("ai/openai/for", ["chat"], "ai/openai/for/0", "no service of this name runs here", "n8n"),
        ("ai/openai/for", ["traefik"], "ai/openai/for/0", "has no use for keys", "n8n"),
        ("ai/openai/for", ["n8n", "n8n"], "ai/openai/for/1", "named twice", "once"),
        ("ai/openai/for", [], "ai/openai/for", "at least 1 item", "Which services"),
        ("ai/openai/for", ..., "ai/openai/for", "missing", "Which services"),
        ("ai/openai/embeddingModel", "ada", "ai/openai/embeddingModel", "choices", "text-embedding-3-small"),
        ("ai/openai/apiKey", "sk-x", "ai/openai/apiKey", "not known", "embeddingModel"),
        ("ai/openai/baseUrl", "https://x", "ai/openai/baseUrl", "not known", "embeddingModel"),
        ("ai/gemini/model", ..., "ai/gemini/model", "missing", "gemini-"),
        ("ai/gemini/model", "Gemini Pro", "ai/gemini/model", "not the name of a model", "docs"),
        ("ai/mistral", {"for": ["n8n"]}, "ai/mistral", "not known", "anthropic, gemini, openai"),
        ("accounts/supabase/url", "http://x.supabase.co", "accounts/supabase/url", "https://", "example"),
        ("accounts/supabase/url", "https://x.supabase.co/rest", "accounts/supabase/url", "no path", "example"),
        ("accounts/supabase/anonKey", "sb_secret_x", "accounts/supabase/anonKey", "not a publishable key", "API Keys"),
        (
            "accounts/clerk/publishableKey",
            "sk_live_x",
            "accounts/clerk/publishableKey",
            "not a publishable",
            "dashboard",
        ),
        ("accounts/shopify/scopes", ["read orders"], "accounts/shopify/scopes/0", "not an access scope", "read_orders"),
        (
            "accounts/whatsapp/phoneNumberId",
            "+56 9 1234",
            "accounts/whatsapp/phoneNumberId",
            "digits only",
            "API Setup",
        ),
        ("accounts/whatsapp/phoneNumberId", 123, "accounts/whatsapp/phoneNumberId", "must be a text", "API Setup"),
        ("accounts/whatsapp/accessToken", "EAAx", "accounts/whatsapp/accessToken", "not known", "phoneNumberId"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_mend(path: str, value: Any, where: str, why: str, mend: str) -> None:
    """Also a key that somebody put into the file; a secret key where the publishable one belongs is not shown."""
    found = [text for text in problems(**with_(path, value)) if f": smarteros:{where}: " in text]
    assert found, problems(**with_(path, value))
    assert any(why in text and mend in text.split("Fix: ")[1] for text in found), found


def test_the_same_account_may_be_handed_to_no_service_that_is_gone() -> None:
    """A service that is taken out of the file is told where it is still named."""
    services = deepcopy(prod_config()["services"])
    del services["n8n"]
    report = [text for text in problems(services=services, **all_on()) if "/for/0" in text]
    assert len(report) == len(PATHS)


def test_embeddings_fit_the_knowledge_base() -> None:
    """The model of the specification has vectors of 1,536 numbers; whoever is handed the key is told so."""
    openai = model(**all_on()).ai.openai
    assert openai is not None
    assert openai.embedding_dimensions == 1536
    assert openai.plain_env()["OPENAI_EMBEDDING_DIMENSIONS"] == "1536"
    assert openai.plain_env()["OPENAI_EMBEDDING_MODEL"] == "text-embedding-3-small"


def test_the_base_urls_are_the_vendors() -> None:
    """No setting leads a key to another address."""
    on = model(**all_on())
    urls = {
        name: value
        for _, account in on.accounts_named()
        for name, value in account.plain_env().items()
        if name.endswith("_BASE_URL")
    }
    assert urls == {
        "OPENAI_BASE_URL": "https://api.openai.com/v1",
        "GEMINI_BASE_URL": "https://generativelanguage.googleapis.com",
        "ANTHROPIC_BASE_URL": "https://api.anthropic.com",
    }


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_sample_is_of_its_shape(kind: Any) -> None:
    """What a simulated run uses would be taken from a person, too."""
    assert SHAPES[kind].fits(SHAPES[kind].sample + "Throw4way" * 4 + "abcd")
    assert not SHAPES[kind].fits("")
    assert not SHAPES[kind].fits("two words of text, long enough")
    assert not SHAPES[kind].fits(SHAPES[kind].sample + "x" * 30 + "\n")


def test_every_field_of_an_account_says_what_it_is() -> None:
    """A description is a field's documentation, and the mend when it is missing."""
    for path, account in every_account():
        assert all(field.description for field in account.model_fields.values()), path
        assert account.vendor
        assert account.secrets
