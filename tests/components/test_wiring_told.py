"""What the keyring, the output and the page of a call say of the way of a message."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from settings import expected_secrets
from settings.reading import read_settings
from settings.systems.smarteros import CALLS
from settings.wiring import HMAC_HEADER, IDENTITY_HEADER
from tests.components.declared import ROOT, Hidden, config_of, declare, platform, smarteros
from tests.components.message_flow import processes
from tests.components.wired import (
    ALL,
    CLOUD,
    INSIDE,
    beside,
    graph,
    own_machine,
    prod_with,
)


def test_each_call_has_a_secret_of_its_own_in_the_keyring() -> None:
    """One entry a call that there is, and none for a call without one of its ends."""
    values = config_of("prod") | prod_with(mcp=None)
    for given, gone in ((config_of("prod"), set()), (values, {"secure", "execute"})):
        settings, problems = read_settings("prod", given, "Pulumi.prod.yaml")
        assert settings is not None, problems
        entries = {one.entry for one in expected_secrets(settings) if "/wiring/" in one.entry}
        assert entries == {f"shared/wiring/{name}" for name in ALL - gone}


def test_after_a_fail_over_the_secrets_are_the_same_and_a_developers_are_his_own() -> None:
    """Databases that are restored elsewhere hold them, in credentials and tools; no developer gets those of prod."""
    for stack, values, folder in (("backup", beside(), "shared"), ("local", own_machine(), "local")):
        settings, problems = read_settings(stack, values, f"Pulumi.{stack}.yaml")
        assert settings is not None, problems
        entries = {one.entry for one in expected_secrets(settings) if "/wiring/" in one.entry}
        assert entries == {f"{folder}/wiring/{name}" for name in ALL}


def test_the_secrets_of_the_calls_are_secrets() -> None:
    """Wherever they are handed over."""
    given = [one.value_of(f"SMOS_{call.name.upper()}_HMAC") for one in processes(graph(INSIDE)) for call in CALLS]
    secrets = {secret for secret in given if secret}
    assert len(secrets) == len(ALL)
    texts = json.dumps([_plain(one.inputs) for one in graph(INSIDE)])
    assert not [secret for secret in secrets if secret in texts]


def _plain(value: Any) -> Any:
    """Without what is marked as a secret."""
    if isinstance(value, Hidden):
        return None
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def addresses(stack: str, **changed_: Any) -> dict[str, Any]:
    """What the output `platform` tells of the calls."""
    reported: list[dict[str, Any]] = []

    def build(settings: Any) -> None:
        smarteros(settings).platform.apply(reported.append)

    declare(build, stack, **changed_)
    found: dict[str, Any] = reported[0]["wiring"]
    return found


def test_others_are_told_the_addresses_and_no_secret() -> None:
    """The tenants' programs make webhooks, tools and bots from them."""
    given = addresses("prod")
    assert given["secure"] == {
        "caller": "botpress",
        "callee": "mcp",
        "url": "http://mcp:4444/servers/{server}/mcp",
        "identity": "botpress@smarterbot.cl",
    }
    assert given["converse"]["url"] == "https://botpress.smarterbot.cl/api/v1/bots/{bot}/converse/{user}/secured"
    assert given["execute"]["url"] == "https://n8n.smarterbot.cl/webhook/mcp-execute"
    assert all(set(one) == {"caller", "callee", "url", "identity"} for one in given.values())


def test_chatwoot_calls_and_is_called_by_public_names_also_on_the_same_host() -> None:
    """It refuses addresses of private networks, and what would allow them would allow them to every tenant. And what
    comes to it without TLS it sends away.
    """
    given = addresses("backup", **beside())
    assert given["classify"]["url"].startswith("https://n8n-standby.smarterbot.cl/")
    assert given["answer"]["url"].startswith("https://chatwoot-standby.smarterbot.cl/")
    for one in processes(graph(INSIDE)):
        assert "SAFE_FETCH_ALLOW_PRIVATE_NETWORK" not in one.env


def test_a_botpress_in_the_cloud_is_called_there_and_calls_by_public_names() -> None:
    """n8n gets its address and a token for it; nothing of Botpress is in the host's network."""
    services = prod_with(mcp={})["services"] | {"botpress": CLOUD}
    declared = platform(profile="custom", ai={}, services=services)
    holders = {one.service for one in processes(declared) if one.value_of("SMOS_CONVERSE_TOKEN")}
    assert holders == {"n8n"}
    given = addresses("prod", profile="custom", ai={}, services=services)
    assert given["converse"]["url"] == "https://api.botpress.cloud/v1/chat/messages"
    assert given["secure"]["url"] == "https://mcp.smarterbot.cl/servers/{server}/mcp"
    (mcp,) = [one for one in processes(declared) if one.service == "mcp"]
    assert mcp.value_of("SMOS_SECURE_HMAC")


@pytest.mark.parametrize(
    ("botpress", "refused"), [({}, False), (CLOUD, True)], ids=["on the same host", "at its vendor's"]
)
def test_who_is_called_from_elsewhere_needs_a_name(botpress: dict[str, Any], refused: bool) -> None:
    """On the same host none is needed."""
    services = prod_with(mcp={})["services"]
    services["botpress"] = botpress or services["botpress"]
    del services["mcp"]["hostname"]
    _, problems = read_settings(
        "prod", config_of("prod") | {"profile": "custom", "ai": {}, "services": services}, "Pulumi.prod.yaml"
    )
    given = [str(one) for one in problems]
    assert bool(given) is refused, given
    for one in given:
        assert "smarteros:services/mcp/hostname" in one
        assert "botpress calls it from elsewhere (secure), and no name leads to it" in one
        assert one.endswith("Fix: hostname: mcp; or both on the same host")


def test_the_page_says_how_a_call_is_signed_and_its_example_is_right() -> None:
    """Its code, run with its own values, gives its own result."""
    page = (ROOT / "docs" / "wiring.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    given = dict(re.findall(r"^\| (\w+) \| `(.*)` \|$", page, re.MULTILINE))
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the page's own example
    told_body = given["body"].encode()
    made = names["signature"](
        given["secret"], int(given["t"]), given["method"], given["path"], given["identity"], told_body
    )
    assert made == given["header"]
    assert given["path"] == next(call.path for call in CALLS if call.name == "execute")


def test_the_page_names_every_call_with_its_path() -> None:
    """What is declared is what is told."""
    page = (ROOT / "docs" / "wiring.md").read_text(encoding="utf-8")
    for call in CALLS:
        assert f"| {call.name} | `https://<{call.callee}>{call.path}` |" in page
    assert IDENTITY_HEADER in page
    assert f"{HMAC_HEADER}: t=" in page
