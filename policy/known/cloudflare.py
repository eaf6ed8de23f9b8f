"""Cloudflare: names, certificates, settings of the zone, buckets."""

from __future__ import annotations

from collections.abc import Mapping

from policy.known.kind import ANY, TEXT, Default, Fact, Kind, Like, Named, Only, Within
from policy.known.names import BUCKET

__all__ = ["KINDS"]

_ZONE, _ACCOUNT = Fact("zone_id"), Fact("account_id")
_DAY = 24 * 3600

KINDS: Mapping[str, Kind] = {
    "cloudflare:index/dnsRecord:DnsRecord": Kind(
        properties={
            "zoneId": _ZONE,
            "name": ANY,  # names-in-zone
            "type": Only("A", "CNAME", "TXT"),  # and names-lead-here
            "content": ANY,
            "ttl": ANY,
            "proxied": ANY,  # web-names-proxied
            "comment": TEXT,
        },
        required=("zoneId", "name", "type", "content"),
        in_tenants=True,
    ),
    "cloudflare:index/customHostname:CustomHostname": Kind(
        properties={
            "zoneId": _ZONE,
            "hostname": ANY,  # names-in-zone
            "ssl.method": Only("http"),
            "ssl.type": Only("dv"),
            "ssl.settings.minTlsVersion": Only("1.2", "1.3"),
        },
        required=("zoneId", "hostname", "ssl.settings.minTlsVersion"),
        in_tenants=True,
    ),
    "cloudflare:index/customHostnameFallbackOrigin:CustomHostnameFallbackOrigin": Kind(
        properties={"zoneId": _ZONE, "origin": ANY}, required=("zoneId", "origin")
    ),
    "cloudflare:index/zoneSetting:ZoneSetting": Kind(
        properties={
            "zoneId": _ZONE,
            "settingId": Only("ssl", "min_tls_version", "always_use_https"),
            "value": ANY,  # tls-minimum
        },
        required=("zoneId", "settingId", "value"),
    ),
    "cloudflare:index/originCaCertificate:OriginCaCertificate": Kind(
        properties={
            "csr": ANY,
            "hostnames[]": ANY,  # names-in-zone
            "requestType": Only("origin-rsa"),
            "requestedValidity": Within(7, 5475),
        },
        required=("csr", "hostnames"),
    ),
    "cloudflare:index/r2Bucket:R2Bucket": Kind(
        properties={
            "accountId": _ACCOUNT,
            "name": Named(BUCKET),  # and names-own
            "location": Only("apac", "eeur", "enam", "weur", "wnam", "oc"),
            "storageClass": Only("Standard", "InfrequentAccess"),
            "jurisdiction": Default("default"),
        },
        required=("accountId", "name"),
        in_tenants=True,
    ),
    "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle": Kind(
        properties={
            "accountId": _ACCOUNT,
            "bucketName": Named(BUCKET),
            "jurisdiction": Default("default"),
            "rules[].id": ANY,
            "rules[].enabled": ANY,
            "rules[].conditions.prefix": ANY,
            "rules[].abortMultipartUploadsTransition.condition.type": Only("Age"),
            "rules[].abortMultipartUploadsTransition.condition.maxAge": Within(_DAY, 365 * _DAY),
            # Nothing here deletes objects.
            "rules[].storageClassTransitions[].condition.type": Only("Age"),
            "rules[].storageClassTransitions[].condition.maxAge": Within(_DAY, 365 * _DAY),
            "rules[].storageClassTransitions[].storageClass": Only("InfrequentAccess"),
        },
        required=("accountId", "bucketName"),
    ),
    "cloudflare:index/r2BucketLock:R2BucketLock": Kind(
        properties={
            "accountId": _ACCOUNT,
            "bucketName": Named(BUCKET),
            "jurisdiction": Default("default"),
            "rules[].id": ANY,
            "rules[].enabled": Only(True),
            "rules[].prefix": Like(r"[a-z0-9-]+/.*", "a folder of a repository"),
            "rules[].condition.type": Only("Age"),
            "rules[].condition.maxAgeSeconds": Within(_DAY, 3650 * _DAY),
        },
        required=("accountId", "bucketName", "rules"),
    ),
    "pulumi:providers:cloudflare": Kind(
        properties={"version": ANY, "apiToken": ANY},
        required=("apiToken",),
        in_tenants=True,  # secrets-not-plain
    ),
}
