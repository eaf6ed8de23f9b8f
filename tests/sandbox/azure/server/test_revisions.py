"""Container Apps' revisions and the versions of Key Vault's secrets, as apps meet them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.azure.server.revisions import Revisions
from sandbox.azure.types.containerapp.app import CONTAINER_APP
from sandbox.azure.types.keyvault_secrets import SECRET_TYPE
from sandbox.core import judge
from sandbox.core.inventory import Inventory
from sandbox.core.outputs import made_outputs
from sandbox.core.records import Computing, Record
from sandbox.core.values import lookup

CONFIG = {"subscriptionId": "00000000-0000-4000-8000-000000000001"}
GROUP = {"resourceGroupName": "rg"}


class Cloud:
    """Writes secrets and apps as the provider does."""

    def __init__(self, folder: Path) -> None:
        self.inventory = Inventory(folder)
        self.revisions = Revisions(self.inventory)

    def write(self, kind: Any, name: str, inputs: dict[str, Any]) -> Record:
        """Creates it, or updates what there is."""
        identity = judge.fill(kind.id, {**CONFIG, **inputs})
        computing = Computing(id=identity, name=name, inputs=inputs, config=CONFIG, cloud=self.inventory)
        before = self.inventory.get(identity)
        outputs = made_outputs(kind, computing, None)
        record = Record(id=identity, token=kind.token, inputs=inputs, outputs=outputs)
        self.revisions.happened("updated" if before else "created", record, before)
        self.inventory.put(record)
        return record

    def secret(self, value: str) -> tuple[str, str]:
        """Its address without and with the version."""
        inputs = {**GROUP, "vaultName": "kv", "secretName": "password", "properties": {"value": value}}
        properties = self.write(SECRET_TYPE, "password", inputs).outputs["properties"]
        return properties["secretUri"], properties["secretUriWithVersion"]

    def app(self, address: str, revised: str) -> Record:
        """An app that refers to that secret."""
        template = {"containers": [{"name": "app", "env": [{"name": "REVISED", "value": revised}]}]}
        secrets = [{"name": "password", "keyVaultUrl": address, "identity": "system"}]
        inputs = {**GROUP, "containerAppName": "app", "configuration": {"secrets": secrets}, "template": template}
        return self.write(CONTAINER_APP, "app", inputs)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """Nothing in it."""
    made = Cloud(tmp_path)
    yield made
    made.inventory.close()


@pytest.mark.parametrize("versioned", [False, True])
def test_a_new_value_reaches_no_revision_that_runs(cloud: Cloud, versioned: bool) -> None:
    """Neither by itself nor through a new reference: what a revision read when it started is what it has."""
    first = cloud.secret("old")
    cloud.app(first[versioned], revised="1")
    second = cloud.secret("new")
    app = cloud.app(second[versioned], revised="1")
    assert cloud.revisions.secrets(app) == {"password": "old"}
    app = cloud.app(second[versioned], revised="2")
    assert cloud.revisions.secrets(app) == {"password": "new"}


def test_an_address_with_a_version_is_that_one_for_ever(cloud: Cloud) -> None:
    """A new revision that still names the old version gets the old value."""
    _, old = cloud.secret("old")
    cloud.secret("new")
    assert cloud.revisions.secrets(cloud.app(old, revised="2")) == {"password": "old"}


def test_each_writing_is_a_version(cloud: Cloud) -> None:
    """Of the same value too, and its name says nothing of the value."""
    assert cloud.secret("same")[1] != cloud.secret("same")[1]
    assert cloud.secret("same")[0] == cloud.secret("other")[0]


def test_nothing_is_left_of_what_is_deleted(cloud: Cloud) -> None:
    """Neither the revision's values nor the secret's versions."""
    address, _ = cloud.secret("value")
    app = cloud.app(address, revised="1")
    secret = next(one for one in cloud.inventory.all() if one.token == SECRET_TYPE.token)
    for record in (app, secret):
        cloud.revisions.happened("deleted", record, record)
        cloud.inventory.remove(record)
    assert cloud.inventory.all() == []


def test_the_running_revision_is_named_by_the_template(cloud: Cloud) -> None:
    """Configuration is the app's, not the revision's."""
    address, _ = cloud.secret("value")
    first = cloud.app(address, revised="1")
    tagged = replace(first, inputs={**first.inputs, "tags": {"a": "b"}})
    again = cloud.write(CONTAINER_APP, "app", dict(tagged.inputs))
    assert lookup(again.outputs, "latestRevisionName") == lookup(first.outputs, "latestRevisionName")
    assert lookup(cloud.app(address, revised="2").outputs, "latestRevisionName") != lookup(
        first.outputs, "latestRevisionName"
    )
