"""Vault as a service: integrated storage on a volume that lasts, closed, and reached where its forward leads."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from settings import SettingsError, load_files
from tests.components.declared import ROOT, Declared, platform, prod_config, resolved

CONTAINER = "docker:index/container:Container"


@cache
def declared(flavour: str) -> dict[str, Declared]:
    """What prod declares with one flavour, by name."""
    services = {**prod_config()["services"]}
    services["vault"] = {**services["vault"], "flavour": flavour}
    return {one.name: one for one in platform(services=services) if one.custom}


@pytest.mark.parametrize(
    ("flavour", "program", "folder"), [("vault", "vault", "/vault/file"), ("openbao", "bao", "/openbao/file")]
)
def test_it_is_never_a_development_server(flavour: str, program: str, folder: str) -> None:
    """The program with a configuration, and integrated storage on a protected volume, whatever the image would do."""
    found = declared(flavour)
    container = resolved(found["vault-container"].inputs)
    assert container["entrypoints"] == [program]
    assert container["command"] == ["server", "-config=/run/secrets/vault.json"]
    assert folder in [volume["containerPath"] for volume in container["volumes"]]
    assert found["vault-data"].protect
    (upload,) = resolved(found["vault-secrets-loader"].inputs)["uploads"]
    config: dict[str, Any] = json.loads(upload["content"])
    assert config["storage"] == {"raft": {"path": folder, "node_id": "vault-0"}}
    assert "seal" not in config


def test_it_is_closed_and_where_the_forward_leads() -> None:
    """In the network without a way out, no port published, no capability, no swap, a read-only root."""
    container = resolved(declared("vault")["vault-container"].inputs)
    (network,) = container["networksAdvanced"]
    forward = load_files("prod", ROOT).forward("vault")
    assert network["name"].endswith("-data")
    assert (network["ipv4Address"], forward.target_port) == (forward.target_host, 8200)
    assert not container.get("ports")
    assert container["readOnly"] is True
    assert container["memory"] == container["memorySwap"]
    assert "adds" not in container["capabilities"]


def test_sealed_is_healthy() -> None:
    """The platform comes up before anybody has opened it."""
    container = resolved(declared("vault")["vault-container"].inputs)
    assert container["healthcheck"]["tests"] == ["CMD-SHELL", "vault status > /dev/null; [ $? -ne 1 ]"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"keyShares": 3, "keyThreshold": 4}, "there are only 3 shares"),
        ({"keyThreshold": 1}, "one share alone would open it"),
        ({"flavour": "consul"}, "not one of the choices"),
        ({"autoUnseal": "azurekeyvault"}, "this key is not known"),
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, Any], why: str, tmp_path: Any) -> None:
    """With what is wrong; an automatic unseal is not offered (docs/adr/vault.md)."""
    import yaml

    document = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())
    document["config"]["smarteros:services"]["vault"].update(wrong)
    (tmp_path / "Pulumi.prod.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(SettingsError, match=why):
        load_files("prod", tmp_path)
