"""The providers that only compute (random, tls) do it for real, with the same algorithms as theirs."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

from sandbox.cloudflare.package import PACKAGE as CLOUDFLARE
from sandbox.core.authority import authority
from sandbox.core.kinds import Package
from sandbox.core.records import Cloud, Computing, Record
from sandbox.random.package import PACKAGE as RANDOM
from sandbox.tls.package import PACKAGE as TLS

EXAMPLES = Path(__file__).parent / "examples"


class Little(Cloud):
    """An inventory in a list."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def get(self, identity: str) -> Record | None:
        return next((one for one in self.records if one.id == identity), None)

    def find(self, token: str) -> list[Record]:
        return [one for one in self.records if one.token == token]

    def put(self, record: Record) -> None:
        self.records.append(record)


def make(package: Package, name: str, inputs: Mapping[str, Any], cloud: Cloud | None = None) -> Mapping[str, Any]:
    act = next(one for one in package.types if one.token.endswith(":" + name)).on_create
    assert act is not None
    return act(Computing(id="", name="", inputs=inputs, config={}, cloud=cloud or Little())) or {}


def right(token: str) -> list[Mapping[str, Any]]:
    text = (EXAMPLES / f"{token.replace(':', '_').replace('/', '_')}.yaml").read_text(encoding="utf-8")
    return [one["inputs"] for one in yaml.safe_load(text)["right"]]


def test_a_password_has_what_was_asked_for() -> None:
    """Length, minimums and own special characters hold, and no two are the same."""
    inputs = {"length": 12, "minUpper": 2, "minSpecial": 2, "minNumeric": 2, "overrideSpecial": "_-", "lower": False}
    drawn = [str(make(RANDOM, "RandomPassword", inputs)["result"]) for _ in range(20)]
    assert len(set(drawn)) == 20
    for text in drawn:
        assert len(text) == 12
        assert not set(text) & set(string.ascii_lowercase)
        assert sum(one in "_-" for one in text) >= 2
        assert sum(one.isdigit() for one in text) >= 2


def test_an_id_says_the_same_in_four_notations() -> None:
    """hex, dec and the two base64 forms are one number; the id is without the prefix."""
    made = make(RANDOM, "RandomId", {"byteLength": 8, "prefix": "x-"})
    assert int(made["hex"].removeprefix("x-"), 16) == int(made["dec"].removeprefix("x-"))
    assert made["b64Url"] == "x-" + made["id"]


@pytest.mark.parametrize("inputs", right("tls:index/privateKey:PrivateKey"), ids=lambda one: one["algorithm"])
def test_a_key_can_be_read_in_every_form(inputs: Mapping[str, Any]) -> None:
    """PEM, PKCS8 and OpenSSH hold one key, and its public half is the public output."""
    made = make(TLS, "PrivateKey", inputs if "rsaBits" not in inputs else {**inputs, "rsaBits": 1024})
    ssh = load_ssh_private_key(made["privateKeyOpenssh"].encode(), None)
    pem = load_pem_private_key(made["privateKeyPem"].encode(), None)
    pkcs8 = load_pem_private_key(made["privateKeyPemPkcs8"].encode(), None)
    assert ssh.public_key() == pem.public_key() == pkcs8.public_key()
    assert made["publicKeyFingerprintSha256"].startswith("SHA256:")


@pytest.mark.parametrize("inputs", right("tls:index/certRequest:CertRequest"), ids=["full", "bare"])
def test_a_request_of_a_made_key_is_signed_by_the_sandboxes_authority(inputs: Mapping[str, Any]) -> None:
    """Key → request → Origin CA certificate is one chain that verifies; the authority is made once."""
    cloud = Little()
    request = make(TLS, "CertRequest", inputs)
    asked = {"csr": request["certRequestPem"], "hostnames": ["app.example.com"], "requestedValidity": 7}
    made = [make(CLOUDFLARE, "OriginCaCertificate", asked, cloud) for _ in range(2)]
    certificate = x509.load_pem_x509_certificate(made[0]["certificate"].encode())
    certificate.verify_directly_issued_by(authority(cloud, "cloudflare-origin").certificate)
    key = load_pem_private_key(inputs["privateKeyPem"].encode(), None)
    assert certificate.public_key() == key.public_key()
    assert len(cloud.records) == 1


@pytest.mark.parametrize("inputs", right("tls:index/selfSignedCert:SelfSignedCert"), ids=lambda one: "")
def test_a_self_signed_certificate_verifies_with_its_own_key(inputs: Mapping[str, Any]) -> None:
    """It is signed by the key that it certifies, and ends when it was asked to."""
    made = make(TLS, "SelfSignedCert", inputs)
    certificate = x509.load_pem_x509_certificate(made["certPem"].encode())
    certificate.verify_directly_issued_by(certificate)
    hours = (certificate.not_valid_after_utc - certificate.not_valid_before_utc).total_seconds() / 3600
    assert hours == inputs["validityPeriodHours"]
