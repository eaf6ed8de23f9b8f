"""A certificate that is brought along, as a PFX or PEM file: really parsed. Its chain is not verified."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from sandbox.core.rules import Must
from sandbox.core.values import Props, Value, is_set, lookup

__all__ = ["certificate_facts", "certificate_rules"]

_DOMAINS = "https://learn.microsoft.com/azure/container-apps/custom-domains-certificates"


@dataclass(frozen=True)
class Bundle:
    """What a PFX or PEM blob holds."""

    certificate: x509.Certificate
    key: Any
    """The private key; None when the blob has none."""


def opened(value: str, password: str) -> Bundle:
    """The certificate and key in a base64 blob; ValueError says what is wrong with it."""
    try:
        blob = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("it is not base64: encode the bytes of the PFX or PEM file") from None
    secret = password.encode() if password else None
    try:
        if b"-----BEGIN" in blob:
            return _opened_pem(blob, secret)
        key, certificate, _ = pkcs12.load_key_and_certificates(blob, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"it is no PFX or PEM file that this password opens ({error})") from None
    if certificate is None:
        raise ValueError("it holds no certificate")
    return Bundle(certificate, key)


def _opened_pem(blob: bytes, secret: bytes | None) -> Bundle:
    certificate = x509.load_pem_x509_certificates(blob)[0]
    key = serialization.load_pem_private_key(blob, secret) if b"PRIVATE KEY-----" in blob else None
    return Bundle(certificate, key)


def names_in(certificate: x509.Certificate) -> list[str]:
    """The host names that a certificate is for."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return list(extension.value.get_values_for_type(x509.DNSName))


def certificate_facts(value: str, password: str) -> Mapping[str, Any]:
    """What Azure tells of a certificate that it was given."""
    certificate = opened(value, password).certificate
    public = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "subjectName": certificate.subject.rfc4514_string(),
        "subjectAlternativeNames": names_in(certificate),
        "issuer": certificate.issuer.rfc4514_string(),
        "issueDate": certificate.not_valid_before_utc.isoformat(),
        "expirationDate": certificate.not_valid_after_utc.isoformat(),
        "thumbprint": certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303 (the vendor's own identifier)
        "publicKeyHash": hashlib.sha256(public).hexdigest(),
        "valid": True,
    }


def _password(inputs: Props, path: str) -> str | None:
    """What stands there, "" for nothing; None while it is not known."""
    found = lookup(inputs, path)
    return found if isinstance(found, str) else None if is_set(found) else ""


def _bundle(value: Value, inputs: Props, password: str) -> Bundle | None:
    secret = _password(inputs, password)
    try:
        return None if secret is None else opened(str(value), secret)
    except ValueError:
        return None


def certificate_rules(path: str, password: str) -> tuple[Must, Must, Must]:
    """A certificate must open, have its own private key, and be in date."""

    def opens(value: Value, inputs: Props) -> bool | str:
        secret = _password(inputs, password)
        try:
            return secret is None or bool(opened(str(value), secret))
        except ValueError as error:
            return str(error)

    def has_key(value: Value, inputs: Props) -> bool | str:
        bundle = _bundle(value, inputs, password)
        if bundle is None:
            return True
        if bundle.key is None:
            return "it holds no private key"
        same = bundle.key.public_key() == bundle.certificate.public_key()
        return same or "its private key belongs to another certificate"

    def in_date(value: Value, inputs: Props) -> bool | str:
        bundle = _bundle(value, inputs, password)
        end = bundle.certificate.not_valid_after_utc if bundle else None
        return end is None or end > datetime.now(UTC) or f"it expired on {end:%Y-%m-%d}"

    own_key = "put the certificate's own private key into the file"
    return (
        Must(
            path=path,
            name=f"opens:{path}",
            says=("must be the base64 of a PFX or PEM file with certificate and private key, with its password"),
            source=_DOMAINS,
            test=opens,
        ),
        Must(path=path, name=f"key:{path}", says=own_key, source=_DOMAINS, test=has_key),
        Must(path=path, name=f"date:{path}", says="renew it first", source=_DOMAINS, test=in_date),
    )
