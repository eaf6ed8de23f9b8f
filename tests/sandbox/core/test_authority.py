"""The simulated authorities: whoever trusts what is handed out, verifies what they signed."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from sandbox.core.authority import authority, certificates, server_certificate
from sandbox.core.records import Record


class Kept:
    """An inventory in memory."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def get(self, identity: str) -> Record | None:
        """By its id."""
        return next((one for one in self.records if one.id == identity), None)

    def find(self, token: str) -> list[Record]:
        """Of a type."""
        return [one for one in self.records if one.token == token]

    def put(self, record: Record) -> None:
        """Another one."""
        self.records.append(record)


def test_what_is_handed_out_verifies_what_was_signed() -> None:
    """Each authority once, without its key; and no other authority's certificate."""
    cloud = Kept()
    chain, _ = server_certificate(authority(cloud, "azure-databases"), ["psql.example.com"])
    other, _ = server_certificate(authority(cloud, "cloudflare-origin"), ["n8n.example.com"])
    handed = {one["name"]: x509.load_pem_x509_certificate(one["certificate"].encode()) for one in certificates(cloud)}
    assert handed.keys() == {"azure-databases", "cloudflare-origin"}
    assert all("PRIVATE" not in one["certificate"] for one in certificates(cloud))
    leaf = x509.load_pem_x509_certificate(chain.encode())
    leaf.verify_directly_issued_by(handed["azure-databases"])
    for wrong in (handed["cloudflare-origin"],):
        with pytest.raises((ValueError, InvalidSignature)):
            leaf.verify_directly_issued_by(wrong)
    x509.load_pem_x509_certificate(other.encode()).verify_directly_issued_by(handed["cloudflare-origin"])
