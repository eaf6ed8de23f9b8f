"""Private keys of the tls provider: real ones, made at creation and kept in Pulumi's state alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Between, OneOf
from sandbox.core.values import Props, Value

__all__ = ["PROVIDER", "TYPES", "PrivateKey", "algorithm", "kept", "private_key"]

PROVIDER = "https://github.com/hashicorp/terraform-provider-tls/blob/main/internal/provider"
KEY_GO = f"{PROVIDER}/resource_private_key.go"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
CURVES: dict[str, ec.EllipticCurve] = {
    "P224": ec.SECP224R1(),
    "P256": ec.SECP256R1(),
    "P384": ec.SECP384R1(),
    "P521": ec.SECP521R1(),
}
_OPENSSH = "-----BEGIN OPENSSH PRIVATE KEY-----"
OUTPUTS = (
    *("privateKeyPem", "privateKeyOpenssh", "privateKeyPemPkcs8", "publicKeyPem", "publicKeyOpenssh"),
    *("publicKeyFingerprintMd5", "publicKeyFingerprintSha256"),
)


def kept(name: str) -> Callable[[Computing], Value]:
    """Made at creation (`on_create`); the same ever after."""
    return lambda computing: computing.old.get(name)


def private_key(pem: str) -> PrivateKey:
    """A private key in PEM form. Raises ValueError without any part of the text."""
    load = serialization.load_ssh_private_key if _OPENSSH in pem else serialization.load_pem_private_key
    try:
        key = load(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("it is no unencrypted private key in PEM form") from None
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)):
        raise ValueError("its algorithm is not RSA, ECDSA or ED25519")
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name not in {curve.name for curve in CURVES.values()}:
        raise ValueError(f"its curve is not one of {', '.join(CURVES)}")
    return key


def algorithm(key: PrivateKey) -> str:
    """The provider's word for the kind of key."""
    if isinstance(key, rsa.RSAPrivateKey):
        return "RSA"
    return "ECDSA" if isinstance(key, ec.EllipticCurvePrivateKey) else "ED25519"


def _generate(inputs: Props) -> PrivateKey:
    kind = inputs["algorithm"]
    if kind == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=int(inputs.get("rsaBits", 2048)))
    if kind == "ECDSA":
        return ec.generate_private_key(CURVES[str(inputs.get("ecdsaCurve", "P224"))])
    return ed25519.Ed25519PrivateKey.generate()


def _pem(key: PrivateKey, form: PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def _create(computing: Computing) -> Mapping[str, Any]:
    key = _generate(computing.inputs)
    public = key.public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    old_form = PrivateFormat.PKCS8 if algorithm(key) == "ED25519" else PrivateFormat.TraditionalOpenSSL
    made = {
        "id": hashlib.sha1(der, usedforsecurity=False).hexdigest(),
        "privateKeyPem": _pem(key, old_form),
        "privateKeyPemPkcs8": _pem(key, PrivateFormat.PKCS8),
        "publicKeyPem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        **dict.fromkeys(OUTPUTS[1:2] + OUTPUTS[4:], ""),
    }
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp224r1":
        return made  # OpenSSH has no P224: the provider leaves these empty
    line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    blob = base64.b64decode(line.split()[1])
    md5 = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return {
        **made,
        "privateKeyOpenssh": _pem(key, PrivateFormat.OpenSSH),
        "publicKeyOpenssh": line.decode() + "\n",
        "publicKeyFingerprintMd5": ":".join(md5[at : at + 2] for at in range(0, 32, 2)),
        "publicKeyFingerprintSha256": f"SHA256:{sha256}",
    }


def _is_rsa(props: Props) -> bool:
    return bool(props.get("algorithm") == "RSA")


TYPES = (
    ResourceType(
        token="tls:index/privateKey:PrivateKey",
        about="A private key. It stays in the state: use it for what may be made anew.",
        sources=(KEY_GO,),
        properties=("algorithm", "ecdsaCurve", "rsaBits"),
        rules=(
            OneOf(path="algorithm", values=("RSA", "ECDSA", "ED25519"), source=KEY_GO),
            OneOf(path="ecdsaCurve", values=tuple(CURVES), source=KEY_GO),
            Between(
                path="rsaBits",
                least=1024,
                most=8192,
                when=_is_rsa,
                says="must be 1024 to 8192 (Go refuses less; more is not simulated, it takes minutes)",
                source="https://pkg.go.dev/crypto/rsa#GenerateKey",
            ),
        ),
        id=lambda computing: "",
        computed={name: kept(name) for name in OUTPUTS},
        secret_outputs=("privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"),
        replaces=("algorithm", "ecdsaCurve", "rsaBits"),
        state_only=True,
        on_create=_create,
        not_checked=("rsaBits and ecdsaCurve of another algorithm: the provider ignores them",),
    ),
)
