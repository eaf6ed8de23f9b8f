"""Certificate requests and self-signed certificates of the tls provider: real ones, over the key that is given."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Between, Length, Must, OneOf, Required, Rule
from sandbox.core.values import UNKNOWN, Props, Value
from sandbox.tls.types.keys import PROVIDER, PrivateKey, algorithm, kept, private_key
from sandbox.tls.uri import uri_problem

__all__ = ["TYPES"]

X509_GO = "https://cs.opensource.google/go/go/+/refs/tags/go1.25.0:src/crypto/x509/x509.go"
COMMON_GO = f"{PROVIDER}/common_cert.go"
REQUEST_GO = f"{PROVIDER}/resource_cert_request.go"
SELF_SIGNED_GO = f"{PROVIDER}/resource_self_signed_cert.go"
SUBJECT = {
    "commonName": NameOID.COMMON_NAME,
    "country": NameOID.COUNTRY_NAME,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "locality": NameOID.LOCALITY_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "postalCode": NameOID.POSTAL_CODE,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
    "serialNumber": NameOID.SERIAL_NUMBER,
}
USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("cert_signing", "crl_signing", "encipher_only", "decipher_only"),
)
EXTENDED = {
    "any_extended": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server_auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code_signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email_protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp_signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    **{
        name: x509.ObjectIdentifier(number)
        for name, number in (
            ("ipsec_end_system", "1.3.6.1.5.5.7.3.5"),
            ("ipsec_tunnel", "1.3.6.1.5.5.7.3.6"),
            ("ipsec_user", "1.3.6.1.5.5.7.3.7"),
            ("microsoft_server_gated_crypto", "1.3.6.1.4.1.311.10.3.3"),
            ("netscape_server_gated_crypto", "2.16.840.1.113730.4.1"),
            ("microsoft_commercial_code_signing", "1.3.6.1.4.1.311.2.1.22"),
            ("microsoft_kernel_code_signing", "1.3.6.1.4.1.311.61.1.1"),
        )
    },
}


def _subject(inputs: Props) -> x509.Name:
    given = inputs.get("subject") or {}
    parts = [x509.NameAttribute(oid, str(given[name])) for name, oid in SUBJECT.items() if given.get(name)]
    parts += [x509.NameAttribute(NameOID.STREET_ADDRESS, str(one)) for one in given.get("streetAddresses") or []]
    return x509.Name(parts)


def _names(inputs: Props) -> list[x509.GeneralName]:
    return [
        *(x509.DNSName(str(one)) for one in inputs.get("dnsNames") or []),
        *(x509.IPAddress(ipaddress.ip_address(str(one))) for one in inputs.get("ipAddresses") or []),
        *(x509.UniformResourceIdentifier(str(one)) for one in inputs.get("uris") or []),
    ]


def _digest(key: PrivateKey) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _request(computing: Computing) -> Mapping[str, Any]:
    key = private_key(str(computing.inputs["privateKeyPem"]))
    builder = x509.CertificateSigningRequestBuilder().subject_name(_subject(computing.inputs))
    names = _names(computing.inputs)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = builder.sign(key, _digest(key))
    identity = hashlib.sha1(made.public_bytes(Encoding.DER), usedforsecurity=False).hexdigest()
    return {
        "id": identity,
        "certRequestPem": made.public_bytes(Encoding.PEM).decode(),
        "keyAlgorithm": algorithm(key),
    }


def _usage(uses: list[str]) -> x509.KeyUsage:
    agreement = "key_agreement" in uses
    return x509.KeyUsage(
        digital_signature="digital_signature" in uses,
        content_commitment="content_commitment" in uses,
        key_encipherment="key_encipherment" in uses,
        data_encipherment="data_encipherment" in uses,
        key_agreement=agreement,
        key_cert_sign="cert_signing" in uses,
        crl_sign="crl_signing" in uses,
        encipher_only=agreement and "encipher_only" in uses,
        decipher_only=agreement and "decipher_only" in uses,
    )


def _self_signed(computing: Computing) -> Mapping[str, Any]:
    inputs = computing.inputs
    key = private_key(str(inputs["privateKeyPem"]))
    start = datetime.now(UTC).replace(microsecond=0)
    end = start + timedelta(hours=int(inputs["validityPeriodHours"]))
    subject, uses, public = _subject(inputs), [str(one) for one in inputs["allowedUses"]], key.public_key()
    authority = bool(inputs.get("isCaCertificate"))
    # The provider does not say that a 0 was meant, so Go leaves it out (MaxPathLenZero).
    depth = int(inputs["maxPathLength"]) if authority and inputs.get("maxPathLength", -1) > 0 else None
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(public)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=depth), critical=True)
    if set(uses) & set(USAGES):
        builder = builder.add_extension(_usage(uses), critical=True)
    extended = [EXTENDED[one] for one in uses if one in EXTENDED]
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    if _names(inputs):
        builder = builder.add_extension(x509.SubjectAlternativeName(_names(inputs)), critical=False)
    if inputs.get("setSubjectKeyId") or authority:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    if inputs.get("setAuthorityKeyId"):
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(public)
        builder = builder.add_extension(identifier, critical=False)
    made = builder.sign(key, _digest(key))
    return {
        "id": str(made.serial_number),
        "certPem": made.public_bytes(Encoding.PEM).decode(),
        "keyAlgorithm": algorithm(key),
        "readyForRenewal": False,
        "validityStartTime": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "validityEndTime": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _readable(value: Value, _: Props) -> bool | str:
    try:
        private_key(value)
    except ValueError as error:
        return str(error)
    return True


def _address(value: Value, _: Props) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return "%" not in value  # net.ParseIP knows no zones


def _ascii(value: Value, _: Props) -> bool:
    return str(value).isascii()


def _uri(value: Value, _: Props) -> bool | str:
    return uri_problem(str(value)) or True


def _no_authority(props: Props) -> bool:
    return props.get("isCaCertificate", False) is False


def _named(_: Value, props: Props) -> bool:
    subject = props.get("subject")
    if subject is UNKNOWN or props.get("isCaCertificate") is not True:
        return True
    return isinstance(subject, Mapping) and any(value not in ("", [], None) for value in subject.values())


def _identified(value: Value, props: Props) -> bool:
    marks = [props.get(name, False) for name in ("setSubjectKeyId", "isCaCertificate")]
    return not value or UNKNOWN in marks or any(marks)


def _rules(source: str) -> tuple[Rule, ...]:
    return (
        Required(path="privateKeyPem", says="is required: a tls.PrivateKey's privateKeyPem", source=source),
        Must(
            path="privateKeyPem",
            test=_readable,
            says="give a tls.PrivateKey's privateKeyPem",
            code="Failed to parse private key PEM",
            source=f"{PROVIDER}/common_key.go",
        ),
        Must(
            path="dnsNames[*]",
            test=_ascii,
            says="cannot be encoded as an IA5String: write it in Punycode",
            code="x509",
            source=f"{X509_GO} (marshalSANs)",
        ),
        Must(
            path="ipAddresses[*]",
            test=_address,
            says="must be an IP address",
            code="Invalid IP address",
            source=COMMON_GO,
        ),
        Length(path="uris[*]", least=1, source=source),
        Must(
            path="uris[*]",
            test=_uri,
            says="must be a URI as Go reads it, not empty",
            code="Invalid URI",
            source=COMMON_GO,
        ),
        Must(
            path="subject.country",
            test=lambda value, _: re.fullmatch(r"[A-Za-z]{2}", value) is not None,
            says="must be two letters, e.g. CL (the provider does not look; what reads it does)",
            source="https://www.rfc-editor.org/rfc/rfc5280#appendix-A.1",
        ),
    )


SHARED = ("dnsNames", "ipAddresses", "privateKeyPem", "subject", "uris")
SELF_SIGNED = (
    *("allowedUses", "isCaCertificate", "maxPathLength", "setAuthorityKeyId", "setSubjectKeyId"),
    "validityPeriodHours",
)
TYPES = (
    ResourceType(
        token="tls:index/certRequest:CertRequest",
        about="A certificate signing request over a private key. Any change makes a new one.",
        sources=(REQUEST_GO, COMMON_GO),
        properties=SHARED,
        rules=_rules(REQUEST_GO),
        id=lambda computing: "",
        computed={name: kept(name) for name in ("certRequestPem", "keyAlgorithm")},
        secret_outputs=("privateKeyPem",),
        replaces=SHARED,
        state_only=True,
        on_create=_request,
        not_checked=("write-only keys (privateKeyPemWo): refused as not simulated",),
    ),
    ResourceType(
        token="tls:index/selfSignedCert:SelfSignedCert",
        about="A certificate that its own key signs. Any change but of earlyRenewalHours makes a new one.",
        sources=(SELF_SIGNED_GO, COMMON_GO),
        properties=(*SHARED, *SELF_SIGNED, "earlyRenewalHours"),
        rules=(
            *_rules(SELF_SIGNED_GO),
            OneOf(path="allowedUses[*]", values=(*USAGES, *EXTENDED), source=COMMON_GO),
            Between(path="validityPeriodHours", least=0, source=SELF_SIGNED_GO),
            Between(path="earlyRenewalHours", least=0, source=SELF_SIGNED_GO),
            Between(path="maxPathLength", least=-1, source=SELF_SIGNED_GO),
            Must(
                path="maxPathLength",
                name="authority:maxPathLength",
                when=_no_authority,
                test=lambda value, _: value <= 0,
                says="only CAs are allowed to specify MaxPathLen: set isCaCertificate",
                code="x509",
                source=f"{X509_GO} (CreateCertificate)",
            ),
            Must(
                path="",
                name="must:subject",
                test=_named,
                partial=True,
                says="Must contain at least one Distinguished Name when creating Certificate Authority (CA)",
                code="Invalid Certificate Subject",
                source=COMMON_GO,
            ),
            Must(
                path="setAuthorityKeyId",
                test=_identified,
                says="Could not determine Authority Key Identifier: set setSubjectKeyId too",
                code="Invalid Certificate Authority",
                source=COMMON_GO,
            ),
        ),
        id=lambda computing: "",
        computed={
            name: kept(name)
            for name in ("certPem", "keyAlgorithm", "readyForRenewal", "validityStartTime", "validityEndTime")
        },
        secret_outputs=("privateKeyPem",),
        replaces=(*SHARED, *SELF_SIGNED),
        state_only=True,
        on_create=_self_signed,
        not_checked=("renewal: readyForRenewal stays false, however near the end is",),
    ),
)
