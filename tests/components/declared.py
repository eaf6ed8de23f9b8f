"""Runs components against Pulumi's mocks and keeps what they asked for: types, names, inputs, parents, secrets."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pulumi
import yaml
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import config, mocks

from age_keyring import Identity, Keyring, Recipient
from settings import SHAPES, ExpectedSecret, Settings, expected_secrets, load_engine
from settings.reading import read_settings
from settings.systems.smarteros import SmarterOSServices

if TYPE_CHECKING:
    from components.systems.smarteros import SmarterOS

__all__ = [
    "SECRET_TEXTS",
    "Answers",
    "Declared",
    "Hidden",
    "config_of",
    "declare",
    "platform",
    "prod_config",
    "resolved",
    "secrets_of",
    "smarteros",
]

ROOT = Path(__file__).resolve().parents[2]
SIGNATURE, SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN_PREFIX = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

PASSWORD = "Throw4wayThrow4wayThrow4way"
TOKEN = "t" * 40
HEX = "c0ffee" * 8
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
SECRET_TEXTS = [PASSWORD, TOKEN, HEX]


def secrets_of(stack: str, values: Mapping[str, Any]) -> dict[str, str]:
    """A value for each secret that these settings call for, none like another: entry → value."""
    settings, _ = read_settings(stack, dict(values), f"Pulumi.{stack}.yaml")
    return {one.entry: _value(one) for one in expected_secrets(settings)} if settings else {}


def _value(expected: ExpectedSecret) -> str:
    if expected.kind == "openssh_private_key":
        return KEY
    if expected.kind == "hex_256":
        return HEX + hashlib.sha256(expected.entry.encode()).hexdigest()[: 64 - len(HEX)]
    own = "".join(part.capitalize() for part in re.findall("[A-Za-z0-9]+", expected.entry))
    return (
        f"{TOKEN}{own}"[:80] if expected.kind == "cloudflare_token" else SHAPES[expected.kind].sample + PASSWORD + own
    )


@dataclass(frozen=True)
class Hidden:
    """A value that was handed over as a secret."""

    value: Any


@dataclass(frozen=True)
class Declared:
    """One resource that was asked for."""

    token: str
    name: str
    inputs: dict[str, Any]
    urn: str
    parent: str
    provider: str
    dependencies: tuple[str, ...]
    protect: bool
    custom: bool
    replace_on_changes: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    """The inputs whose changes are none."""
    deleted_with: str = ""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Input → the URNs of the resources that its value comes from."""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            return Hidden(_plain(value["value"]))
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


class Recorder(mocks.MockMonitor):
    """The mock engine, which also keeps parents, providers, dependencies and the marks of secrets."""

    def __init__(self) -> None:
        super().__init__(Answers())
        self.declared: list[Declared] = []

    def RegisterResource(self, request: Any) -> Any:
        """Keep the request, then answer as the mock does."""
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call] # the SDK has no types here
        self.declared.append(
            Declared(
                token=request.type,
                name=request.name,
                inputs=_plain(MessageToDict(request.object)),
                urn=answer.urn,
                parent=request.parent,
                provider=request.provider,
                dependencies=tuple(request.dependencies),
                protect=request.protect,
                custom=request.custom,
                replace_on_changes=tuple(request.replaceOnChanges),
                ignored=tuple(request.ignoreChanges),
                deleted_with=request.deletedWith,
                sources={key: tuple(found.urns) for key, found in request.propertyDependencies.items()},
            )
        )
        return answer


class Refused(grpc.RpcError):
    """A vendor's refusal, as the engine hands it on."""

    def code(self) -> grpc.StatusCode:
        """Of the call."""
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        """The vendor's words."""
        return str(self)


class Answers(pulumi.runtime.Mocks):
    """What the vendors compute, as far as the program looks at it."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """An id, and the inputs with what the vendor adds."""
        names = [key for key in args.inputs if key.endswith("Name")]
        named = next((args.inputs[key] for key in sorted(names, key="resourceGroupName".__eq__)), args.name)
        computed: dict[str, Any] = {
            "name": args.inputs.get("name", named),
            "defaultDomain": "blue.brazilsouth.azurecontainerapps.io",
            "customDomainConfiguration": {"customDomainVerificationId": "A1B2"},
            "fullyQualifiedDomainName": f"{args.inputs.get('serverName')}.postgres.database.azure.com",
            "hostName": f"{args.inputs.get('clusterName')}.brazilsouth.redis.azure.net",
            "principalId": "00000000-0000-4000-8000-00000000000a",
            "customerId": "00000000-0000-4000-8000-00000000000b",
            "imageId": "sha256:0123",
            "exitCode": 0,
            "certificate": "CERTIFICATE",
            "certRequestPem": "REQUEST",
            "privateKeyPem": "PRIVATE",
            "result": "Rand0mRand0mRand0mRand0m",
        }
        if args.typ == "azure-native:keyvault:Secret":
            address = f"https://kv.vault.azure.net/secrets/{args.inputs['secretName']}"
            version = hashlib.md5(str(args.inputs["properties"]["value"]).encode(), usedforsecurity=False).hexdigest()
            computed["properties"] = {"secretUri": address, "secretUriWithVersion": f"{address}/{version}"}
        own = Outputs.get(args.typ, frozenset({"name"}))
        added = {key: value for key, value in computed.items() if key in own or key == "name"}
        # Asked for as a list, answered as a map.
        if "identity" in args.inputs:
            added["identity"] = {"userAssignedIdentities": {}}
        return f"{args.name}-id", {**args.inputs, **added}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """The functions that the program calls."""
        answers = {
            "azure-native:operationalinsights:getSharedKeys": {"primarySharedKey": "SharedKeyOfTheWorkspace"},
            "azure-native:redisenterprise:listDatabaseKeys": {"primaryKey": "KeyOfTheQueue"},
        }
        if args.token == "azure-native:dbforpostgresql:getServer":
            return self._server(str(args.args["serverName"])), []
        return dict(answers[args.token]), []

    def _server(self, name: str) -> dict[str, Any]:
        if name not in Grown:
            raise Refused(f'Status=404 Code="ResourceNotFound" Message="{name} was not found"')
        return {"storage": {"storageSizeGB": Grown[name], "autoGrow": "Enabled"}}


Grown: dict[str, int] = {}
"""Database servers that exist, and what their disks have."""


Outputs: dict[str, frozenset[str]] = {
    "azure-native:app:ManagedEnvironment": frozenset({"defaultDomain", "customDomainConfiguration"}),
    "azure-native:dbforpostgresql:Server": frozenset({"fullyQualifiedDomainName"}),
    "azure-native:managedidentity:UserAssignedIdentity": frozenset({"principalId"}),
    "azure-native:operationalinsights:Workspace": frozenset({"customerId"}),
    "azure-native:keyvault:Secret": frozenset({"properties"}),
    "azure-native:redisenterprise:RedisEnterprise": frozenset({"hostName"}),
    "docker:index/container:Container": frozenset({"exitCode"}),
    "docker:index/remoteImage:RemoteImage": frozenset({"imageId"}),
    "cloudflare:index/originCaCertificate:OriginCaCertificate": frozenset({"certificate"}),
    "tls:index/certRequest:CertRequest": frozenset({"certRequestPem"}),
    "tls:index/privateKey:PrivateKey": frozenset({"privateKeyPem"}),
    "random:index/randomPassword:RandomPassword": frozenset({"result"}),
}


def config_of(stack: str) -> dict[str, Any]:
    """What stands in a stack's tracked file, by key without the namespace."""
    document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    return {key.removeprefix("smarteros:"): value for key, value in document["config"].items()}


def prod_config() -> dict[str, Any]:
    """What stands in the tracked Pulumi.prod.yaml."""
    return config_of("prod")


def engine_config(values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    """Hand a configuration over as the engine does, texts and objects as JSON, with a keyring that has the secrets."""
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    config.set_all_config({f"smarteros:{key}": text for key, text in texts.items()}, [])
    folder = keyring_folder(tuple(sorted(secrets.items())))
    os.environ["SMOS_KEYRING"], os.environ["SMOS_KEY_FILE"] = str(folder / "keyring.age"), str(folder / "key.txt")


@cache
def keyring_folder(entries: tuple[tuple[str, str], ...]) -> Path:
    """A folder with a keyring that has these entries, and its key; gone with this process."""
    folder = Path(tempfile.mkdtemp(prefix="smos-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    identity = Identity.make(folder / "key.txt")
    keyring = Keyring.create(folder / "keyring.age", [Recipient(identity.public[0], "test")], identity)
    for path, value in entries:
        keyring.put(path, value)
    keyring.save()
    return folder


def declare(build: Callable[[Settings], object], stack: str = "prod", **changed: Any) -> list[Declared]:
    """What a build asks for, with the settings of a stack (or some of them changed)."""
    monitor = Recorder()
    mocks.set_mocks(Answers(), project="smarteros", stack=stack, preview=False, monitor=monitor)
    # Whoever changes which services run asks what they are, not whether a profile is whole.
    values = config_of(stack) | ({"profile": "custom"} if "services" in changed else {}) | changed
    engine_config(values, secrets_of(stack, values))

    def program() -> None:
        build(load_engine())

    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call] # the SDK has no types here
    return monitor.declared


def platform(stack: str = "prod", **changed: Any) -> list[Declared]:
    """What the whole of SmarterOS asks for."""
    return declare(smarteros, stack, **changed)


def smarteros(settings: Settings) -> SmarterOS:
    """SmarterOS itself, with these settings."""
    from components.platform import SystemArgs
    from components.systems.smarteros import SmarterOS

    return SmarterOS("smarteros", SystemArgs(settings=settings.of(SmarterOSServices)))


def resolved(value: Any) -> Any:
    """The same without the marks of secrets."""
    if isinstance(value, Hidden):
        return resolved(value.value)
    if isinstance(value, dict):
        return {key: resolved(inner) for key, inner in value.items()}
    return [resolved(inner) for inner in value] if isinstance(value, list) else value
