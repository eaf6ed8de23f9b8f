"""What lies in Vault's engines: a secret of the key/value engine, a key of transit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Between, Forbidden, Must, OneOf, Pattern, Required, Rule, Unchangeable
from sandbox.core.values import Props, Value, is_set
from sandbox.vault.http import PROVIDER, Refused, delete, read, write
from sandbox.vault.server.key_value import metadata_problem
from sandbox.vault.server.transit import ROTATION
from sandbox.vault.types.mounts import NAMESPACE

__all__ = ["TYPES"]

SECRET_GO, KEY_GO = f"{PROVIDER}/resource_kv_secret_v2.go", f"{PROVIDER}/resource_transit_secret_backend_key.go"
KV_API = "https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2"
KV_GO = "https://github.com/hashicorp/vault-plugin-secrets-kv/blob/v0.25.0/path_metadata.go"
TRANSIT_GO = "https://github.com/hashicorp/vault/blob/v1.21.0/builtin/logical/transit/path_keys_config.go"
TRANSIT_API = "https://developer.hashicorp.com/vault/api-docs/secret/transit"


def _place(path: str, what: str) -> Rule:
    return Must(
        path=path,
        test=lambda value, _: bool(value) and "" not in str(value).split("/"),
        says=f"must be the path of the {what}, without slashes at its ends",
        source=KV_API if what == "mount" else TRANSIT_API,
    )


# -- key/value ---------------------------------------------------------------------------------------------------------


def _at(inputs: Props, part: str) -> str:
    return f"{inputs['mount']}/{part}/{inputs['name']}"


def _write_secret(computing: Computing) -> Mapping[str, Any]:
    inputs = computing.inputs
    # cas is sent beside the options, where Vault ignores it: only options.cas is compared.
    body = {"data": json.loads(inputs["dataJson"]), "cas": inputs.get("cas", 0), "options": inputs.get("options") or {}}
    write(computing, _at(inputs, "data"), body)
    about = inputs.get("customMetadata")
    if about:
        given: dict[str, Any] = {}
        for ours, theirs in (("maxVersions", "max_versions"), ("casRequired", "cas_required")):
            if ours in about:
                given[theirs] = about[ours]
        if "data" in about:
            given["custom_metadata"] = about["data"]
        write(computing, _at(inputs, "metadata"), given)
    return {"id": _at(inputs, "data"), "path": _at(inputs, "data"), **(_metadata(computing) or {})}


def _metadata(computing: Computing) -> Mapping[str, Any] | None:
    if computing.inputs.get("disableRead"):
        return {}
    found = read(computing, _at(computing.inputs, "data"), deleted=True)
    if found is None:
        return None
    given = {key: value for key, value in found["data"]["metadata"].items() if value not in (None, {})}
    return {"metadata": {key: value if isinstance(value, str) else json.dumps(value) for key, value in given.items()}}


def _delete_secret(computing: Computing) -> None:
    whole = bool(computing.inputs.get("deleteAllVersions"))
    delete(computing, _at(computing.inputs, "metadata" if whole else "data"))


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _an_object(value: Value, _: Props) -> bool:
    try:
        return isinstance(json.loads(value, parse_constant=_no_constant), dict)
    except ValueError:
        return False


SECRET = ResourceType(
    token="vault:kv/secretV2:SecretV2",
    about="A secret with versions. Deleting it deletes the newest version, or all if deleteAllVersions says so.",
    sources=(SECRET_GO, KV_API),
    properties=(
        *("mount", "name", "dataJson", "cas", "options", "disableRead", "deleteAllVersions", "namespace"),
        *("customMetadata.maxVersions", "customMetadata.casRequired", "customMetadata.data"),
    ),
    named_by="name",
    autoname=lambda name, seed: f"{name}-{seed.hex()[:7]}",
    rules=(
        _place("mount", "mount"),
        Must(
            path="name",
            test=lambda value, _: bool(value) and "" not in str(value).split("/"),
            says="must be the path below the mount, without data/ and without slashes at its ends",
            source=KV_API,
        ),
        Required(path="dataJson", says="is required: a JSON object as text (write-only values are not simulated)"),
        Must(path="dataJson", test=_an_object, says="must be a JSON object as text", source=SECRET_GO),
        Between(path="cas", least=0, source=KV_API),
        Between(path="customMetadata.maxVersions", least=0, source=KV_API),
        Must(
            path="customMetadata.data",
            test=lambda value, _: metadata_problem(value) or True,
            says="at most 64 keys of 128 bytes, each with a printable value of 1 to 512 bytes",
            code="400",
            source=KV_GO,
        ),
        Must(
            path="options.cas",
            test=lambda value, _: str(value).isdigit(),
            says="error parsing check-and-set parameter: it is the number of a version",
            code="400",
            source=KV_GO.replace("path_metadata", "path_data"),
        ),
        NAMESPACE,
    ),
    id=lambda computing: _at(computing.inputs, "data"),
    computed={
        "path": lambda computing: _at(computing.inputs, "data"),
        "metadata": lambda computing: computing.old.get("metadata", {}),
    },
    secret_outputs=("dataJson",),
    defaults={"deleteAllVersions": False, "disableRead": False},
    replaces=("mount", "name"),
    state_only=True,
    on_create=_write_secret,
    on_update=lambda computing, _: _write_secret(computing),
    on_delete=_delete_secret,
    on_read=_metadata,
    not_checked=(
        "deleteVersionAfter: refused",
        "cas: the provider sends it where Vault ignores it; options.cas is compared",
        "a change of the data by others: the provider does not read it back",
    ),
)


# -- transit -----------------------------------------------------------------------------------------------------------

CONFIG = {
    "minDecryptionVersion": "min_decryption_version",
    "minEncryptionVersion": "min_encryption_version",
    "deletionAllowed": "deletion_allowed",
    "exportable": "exportable",
    "allowPlaintextBackup": "allow_plaintext_backup",
    "autoRotatePeriod": "auto_rotate_period",
}


NOT_AT_CREATION = "minEncryptionVersion"
"""The provider misspells it in its first request, and Vault ignores what it does not know."""


def _key(inputs: Props) -> str:
    return f"{str(inputs['backend']).strip('/')}/keys/{inputs['name']}"


def _create_key(computing: Computing) -> Mapping[str, Any]:
    inputs, path = computing.inputs, _key(computing.inputs)
    body = {"type": inputs.get("type", "aes256-gcm96"), "key_size": int(inputs.get("keySize") or 0)}
    try:
        write(computing, path, body)
    except Refused as refused:
        given = f"error creating encryption key {inputs['name']} for transit secret backend {inputs['backend']!r}"
        raise Refused(f"{given}: {refused}", refused.status) from None
    return {"id": path, **_configure_key(computing, NOT_AT_CREATION)}


def _configure_key(computing: Computing, left_out: str = "") -> dict[str, Any]:
    path, inputs = _key(computing.inputs), computing.inputs
    body = {theirs: inputs[ours] for ours, theirs in CONFIG.items() if ours in inputs and ours != left_out}
    try:
        write(computing, f"{path}/config", body)
    except Refused as refused:
        raise Refused(f"error setting configuration for transit secret backend key {path!r}: {refused}") from None
    return dict(_read_key(computing) or {})


def _read_key(computing: Computing) -> Mapping[str, Any] | None:
    found = read(computing, _key(computing.inputs))
    if found is None:
        return None
    data = found["data"]
    return {
        **{ours: data[theirs] for ours, theirs in CONFIG.items() if ours in computing.inputs},
        "type": data["type"],
        "keys": [{"id": str(made)} for made in (data.get("keys") or {}).values()],  # of an hmac key none is told
        "latestVersion": data["latest_version"],
        "minAvailableVersion": data["min_available_version"],
        "supportsEncryption": data["supports_encryption"],
        "supportsDecryption": data["supports_decryption"],
        "supportsDerivation": data["supports_derivation"],
        "supportsSigning": data["supports_signing"],
    }


def _kept(name: str) -> Any:
    return lambda computing: computing.old.get(name)


def _no_hmac(props: Props) -> bool:
    return is_set(props.get("keySize")) and props.get("keySize") != 0 and props.get("type") != "hmac"


KEY = ResourceType(
    token="vault:transit/secretBackendKey:SecretBackendKey",
    about="A key that never leaves Vault. It is deleted only if deletionAllowed has been set before.",
    sources=(KEY_GO, TRANSIT_API),
    properties=("backend", "name", "type", "keySize", "namespace", *CONFIG),
    named_by="name",
    autoname=lambda name, seed: f"{name}-{seed.hex()[:7]}",
    rules=(
        _place("backend", "engine"),
        Pattern(
            path="name",
            regex=r"\w(([\w.-]+)?\w)?",
            says="must be of letters, digits, . _ - with a letter or digit at its ends",
            source=TRANSIT_API,
        ),
        OneOf(
            path="type",
            values=("aes128-gcm96", "aes256-gcm96", "hmac"),
            says="is not simulated: aes128-gcm96, aes256-gcm96 and hmac are",
            source=TRANSIT_API,
        ),
        Between(path="minDecryptionVersion", least=1, source=KEY_GO),
        Between(path="minEncryptionVersion", least=0, source=KEY_GO),
        Between(path="keySize", least=32, most=512, when=lambda props: props.get("keySize") != 0, source=TRANSIT_API),
        Forbidden(path="keySize", when=_no_hmac, says="is only for keys of type hmac", source=TRANSIT_API),
        Must(
            path="autoRotatePeriod",
            test=lambda value, _: int(value) == 0 or int(value) >= 3600,
            says=ROTATION,
            code="400",
            source=TRANSIT_GO,
        ),
        *(
            Unchangeable(
                path=name,
                test=lambda old, new: bool(new) or not old,
                says="cannot be disabled on a key that already has it enabled",
                source=f"{KEY_GO} CustomizeDiff",
            )
            for name in ("exportable", "allowPlaintextBackup")
        ),
        Unchangeable(
            path="keySize",
            test=lambda old, new: old == new,
            says="the provider sends it only at creation: the change would be told at each run and never be made",
            source=f"{KEY_GO} transitSecretBackendKeyUpdate",
        ),
        NAMESPACE,
    ),
    id=lambda computing: _key(computing.inputs),
    computed={
        name: _kept(name)
        for name in (
            *("keys", "latestVersion", "minAvailableVersion", "supportsEncryption", "supportsDecryption"),
            *("supportsDerivation", "supportsSigning"),
        )
    },
    defaults={
        "allowPlaintextBackup": False,
        "deletionAllowed": False,
        "exportable": False,
        "minDecryptionVersion": 1,
        "minEncryptionVersion": 0,
        "type": "aes256-gcm96",
    },
    replaces=("backend", "name", "type"),
    state_only=True,
    on_create=_create_key,
    on_update=lambda computing, _: _configure_key(computing),
    on_delete=lambda computing: delete(computing, _key(computing.inputs)),
    on_read=_read_key,
    not_checked=("derived and managed keys, and kinds for signatures: refused",),
)

TYPES = (SECRET, KEY)
