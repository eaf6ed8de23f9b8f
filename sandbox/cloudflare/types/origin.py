"""Origin CA certificates of the simulated Cloudflare: really signed, by the sandbox's own authority."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from sandbox.cloudflare.names import zone_of_name
from sandbox.core.authority import authority
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import Length, Must, NeedsInCloud, OneOf
from sandbox.core.values import UNKNOWN, Props, Value

__all__ = ["TYPES"]

DOCS = "https://developers.cloudflare.com/ssl/origin-configuration/origin-ca/"
API = "https://developers.cloudflare.com/api/resources/origin_ca_certificates/methods/create/"
REPOSITORY = "https://github.com/cloudflare/terraform-provider-cloudflare/blob/main"
SCHEMA = f"{REPOSITORY}/internal/services/origin_ca_certificate/schema.go"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DEFAULT_DAYS = 5475


def parse(text: str) -> x509.CertificateSigningRequest:
    """A request in PEM form, indented or not. Raises ValueError."""
    return x509.load_pem_x509_csr("\n".join(line.strip() for line in text.strip().splitlines()).encode())


def _request(value: Value, _: Props) -> bool | str:
    try:
        request = parse(value)
    except ValueError:
        return "it is not a certificate request in PEM form"
    if not request.is_signature_valid:
        return "its signature is not of its key"
    return True


def _key(value: Value, props: Props) -> bool | str:
    try:
        key = parse(value).public_key()
    except ValueError:
        return True  # the rule on the request says it
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= 2048 or f"RSA with {key.key_size} bits"
    return (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in ("secp256r1", "secp384r1")) or "its key"


def _host(value: Value, _: Props) -> bool:
    return len(value) <= 253 and re.fullmatch(rf"(\*\.)?{_LABEL}(\.{_LABEL})+", value) is not None


def _foreign(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    for host in inputs.get("hostnames") or []:
        if host is not UNKNOWN and zone_of_name(cloud, str(host)) is None:
            return (
                f"Failed to validate requested hostname {host}: This zone is either not part of your "
                "account, or you "
                "do not have access to it"
            )
    return None


def _sign(computing: Computing) -> Mapping[str, Any]:
    names = [str(name).lower() for name in computing.inputs["hostnames"]]
    days = int(computing.inputs.get("requestedValidity", DEFAULT_DAYS))
    made = authority(computing.cloud, "cloudflare-origin").sign(parse(computing.inputs["csr"]), names, days)
    return {
        "id": str(made.serial_number),
        "certificate": made.public_bytes(Encoding.PEM).decode(),
        "expiresOn": made.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "requestedValidity": days,
    }


def _kept(name: str) -> Callable[[Computing], Value]:
    return lambda computing: computing.old.get(name)


TYPES = (
    ResourceType(
        token="cloudflare:index/originCaCertificate:OriginCaCertificate",
        about="A certificate for the server behind Cloudflare's proxy; browsers don't trust it. Any "
        "change makes a new one.",
        sources=(DOCS, API, SCHEMA),
        properties=("csr", "hostnames", "requestType", "requestedValidity"),
        rules=(
            Must(
                path="csr",
                test=_request,
                says="is refused: give tls.CertRequest's certRequestPem",
                code="1001",
                source=API,
            ),
            Must(
                path="csr",
                name="must:csr:key",
                test=_key,
                says="is refused: RSA from 2048 bits, or ECDSA P256 or P384",
                code="1001",
                source=DOCS,
            ),
            OneOf(path="requestType", values=("origin-rsa", "origin-ecc", "keyless-certificate"), source=SCHEMA),
            OneOf(
                path="requestedValidity",
                values=(7, 30, 90, 365, 730, 1095, 5475),
                says="must be 7, 30, 90, 365, 730, 1095 or 5475 days",
                source=SCHEMA,
            ),
            Length(path="hostnames", least=1, most=200, says="must name 1 to 200 hosts", source=DOCS),
            Must(
                path="hostnames[*]",
                test=_host,
                says="must be a full host name, with * at most as its whole first label (*.example.com)",
                code="1010",
                source=SCHEMA,
            ),
            NeedsInCloud(
                path="hostnames",
                test=_foreign,
                says="name hosts of zones in this account",
                code="1010",
                source=API,
            ),
        ),
        id=lambda c: "",
        computed={name: _kept(name) for name in ("certificate", "expiresOn", "requestedValidity")},
        replaces=("csr", "hostnames", "requestType", "requestedValidity"),
        on_create=_sign,
        not_checked=("that requestType fits the kind of key: the sandbox's authority signs with ECDSA always",),
    ),
)
