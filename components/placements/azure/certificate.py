"""The certificate with which Container Apps answers Cloudflare: from Cloudflare's own authority for origins.

It exists before any app does, so an app is born with its own name in one `up` (see
docs/adr/app-names-in-one-up.md). Browsers do
not trust it: it is good behind Cloudflare's proxy only, which is where every name of the zone is.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_cloudflare as cloudflare
import pulumi_tls as tls
from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_azure_native import app

from components.secrecy import secret
from settings.naming import Names

__all__ = ["OriginCertificate", "OriginCertificateArgs"]

FIFTEEN_YEARS_IN_DAYS = 5475


@dataclass(frozen=True, kw_only=True)
class OriginCertificateArgs:
    """For which zone, and in which environment of Container Apps."""

    names: Names
    domain: str
    resource_group: Input[str]
    location: str
    environment_name: Input[str]
    tags: Mapping[str, str]


class OriginCertificate(ComponentResource):
    """A certificate of the zone and every name in it, known to a Container Apps environment."""

    certificate_id: Output[str]

    def __init__(self, name: str, args: OriginCertificateArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:azure:OriginCertificate", name, None, opts)
        inside = ResourceOptions(parent=self)
        key = tls.PrivateKey(f"{name}-key", algorithm="RSA", rsa_bits=2048, opts=inside)
        request = tls.CertRequest(
            f"{name}-request",
            private_key_pem=key.private_key_pem,
            subject=tls.CertRequestSubjectArgs(common_name=args.domain, organization=args.domain),
            dns_names=[f"*.{args.domain}", args.domain],
            opts=inside,
        )
        signed = cloudflare.OriginCaCertificate(
            f"{name}-signed",
            csr=request.cert_request_pem,
            hostnames=[f"*.{args.domain}", args.domain],
            request_type="origin-rsa",
            requested_validity=FIFTEEN_YEARS_IN_DAYS,
            opts=inside,
        )
        held = app.Certificate(
            f"{name}-held",
            certificate_name=args.names.certificate("origin"),
            environment_name=args.environment_name,
            resource_group_name=args.resource_group,
            location=args.location,
            properties=app.CertificatePropertiesArgs(
                value=secret(Output.all(signed.certificate, key.private_key_pem).apply(_pem)),
                password="",
            ),
            tags=args.tags,
            opts=inside,
        )
        self.certificate_id = held.id
        self.register_outputs({"certificate_id": self.certificate_id})


def _pem(parts: list[str]) -> str:
    """Certificate and key one after the other, as the service takes them: base64 of a PEM."""
    return base64.b64encode("".join(part.rstrip("\n") + "\n" for part in parts).encode()).decode()
