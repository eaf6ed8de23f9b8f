"""A certificate authority of the sandbox, made once and kept in the inventory (which is encrypted at rest).

What a vendor's own authority would sign is really signed by it, so that programs which verify one work.
It is trusted by nobody else: no revocation, no chain, no public log.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.core.records import Cloud, Record

__all__ = ["PUBLIC_WEB", "TOKEN", "Authority", "authority", "certificates", "server_certificate"]

TOKEN = "sandbox:authority"
PUBLIC_WEB = "public-web"
"""The authority of the public web, which visitors trust."""
_CREATING = threading.Lock()


@dataclass(frozen=True)
class Authority:
    """A key and the certificate over it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """The authority's own certificate: what a client of the sandbox may trust."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def sign(self, request: x509.CertificateSigningRequest, names: Sequence[str], days: int) -> x509.Certificate:
        """A server's certificate over the request's key, for these names (not for those of the request)."""
        now = datetime.now(UTC).replace(microsecond=0)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox Origin Certificate")])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )


def authority(cloud: Cloud, name: str) -> Authority:
    """The authority of that name (PUBLIC_WEB, or a vendor's own), made at its first use."""
    with _CREATING:
        for record in cloud.find(TOKEN):
            if record.id == name:
                return _read(record)
        made = _make(name)
        key = made.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        outputs = {"id": name, "name": name, "keyPem": key.decode(), "certificatePem": made.pem}
        secrets = frozenset({("keyPem",)})
        cloud.put(Record(id=name, token=TOKEN, inputs={"name": name}, outputs=outputs, secrets=secrets))
        return made


def certificates(cloud: Cloud) -> list[dict[str, str]]:
    """Of every authority that there is: its name and its own certificate, which is no secret."""
    return [{"name": record.id, "certificate": _read(record).pem} for record in cloud.find(TOKEN)]


def _read(record: Record) -> Authority:
    key = serialization.load_pem_private_key(str(record.outputs["keyPem"]).encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{record.id}: the authority's key is not one that this version made")
    return Authority(key, x509.load_pem_x509_certificate(str(record.outputs["certificatePem"]).encode()))


def _make(name: str) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Sandbox authority {name}")])
    now = datetime.now(UTC).replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=20 * 365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(key, certificate)


def server_certificate(issuer: Authority, names: Sequence[str], days: int = 365) -> tuple[str, str]:
    """A server's certificate over a new key: (certificate, private key), both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    certificate = issuer.sign(request, names, days)
    return (
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
    )
