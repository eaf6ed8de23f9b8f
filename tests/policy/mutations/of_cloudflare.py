"""Changes to names, certificates, settings of the zone and buckets, from Cloudflare's reference of each type."""

from __future__ import annotations

from tests.policy.mutations.mutation import GONE, Mutation, added, changed

__all__ = ["MUTATIONS"]

ZONE = {"zoneId": "0123456789abcdef0123456789abcdef"}
ACCOUNT = {"accountId": "fedcba9876543210fedcba9876543210"}
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
SETTING = "cloudflare:index/zoneSetting:ZoneSetting"

MUTATIONS: list[Mutation] = [
    *changed(
        "prod",
        "n8n-name",
        {"proxied": False},
        {"content": "n8n.evil.example"},
        {"type": "A", "content": "198.51.100.9"},
        {"type": "AAAA", "content": "2001:db8::9"},
        {"zoneId": "ffffffffffffffffffffffffffffffff"},
        {"name": "n8n.evil.example"},
        {"settings": {"flattenCname": True}},
        {"tags": ["owner:evil"]},
        {"priority": 1.0},
    ),
    *changed(
        "prod", "n8n-ownership", {"type": "CNAME", "content": "evil.example"}, {"name": "_acme-challenge.smarterbot.cl"}
    ),
    *added(
        "prod",
        "n8n-name",
        RECORD,
        {**ZONE, "name": "smarterbot.cl", "type": "MX", "content": "mx.evil.example", "priority": 1.0, "ttl": 1.0},
        {**ZONE, "name": "_dmarc.smarterbot.cl", "type": "TXT", "content": '"v=DMARC1; p=none"', "ttl": 1.0},
        {**ZONE, "name": "smarterbot.cl", "type": "TXT", "content": '"v=spf1 +all"', "ttl": 1.0},
        {**ZONE, "name": "_sip._tcp.smarterbot.cl", "type": "SRV", "data": {"target": "evil.example"}, "ttl": 1.0},
        {**ZONE, "name": "smarterbot.cl", "type": "CAA", "data": {"tag": "issue", "value": "evil.example"}, "ttl": 1.0},
        {**ZONE, "name": "smarterbot.cl", "type": "DS", "data": {"digest": "00"}, "ttl": 1.0},
        {**ZONE, "name": "www.smarterbot.cl", "type": "HTTPS", "data": {"value": "."}, "ttl": 1.0},
        {**ZONE, "name": "x.smarterbot.cl", "type": "cname", "content": "evil.example", "ttl": 1.0},
    ),
    *added(
        "prod",
        "n8n-name",
        SETTING,
        {**ZONE, "settingId": "development_mode", "value": "on"},
        {**ZONE, "settingId": "security_level", "value": "essentially_off"},
        {**ZONE, "settingId": "browser_check", "value": "off"},
        {**ZONE, "settingId": "0rtt", "value": "on"},
        {**ZONE, "settingId": "tls_1_3", "value": "off"},
        {**ZONE, "settingId": "waf", "value": "off"},
        {**ZONE, "settingId": "ciphers", "value": ["AES128-SHA"]},
    ),
    *changed("prod", "dns-ssl", {"value": "full"}, {"value": GONE}, {"value": "flexible"}, {"enabled": False}),
    *changed("prod", "dns-min-tls-version", {"value": "1.1"}),
    *changed("prod", "dns-always-use-https", {"value": "off"}),
    *changed(
        "prod",
        "azure-origin-signed",
        {"hostnames": ["*.evil.example"]},
        {"hostnames[+]": "evil.example"},
        {"requestType": "keyless-certificate"},
    ),
    *changed(
        "prod",
        "azure-origin-request",
        {"dnsNames": ["bank.example"]},
        {"subject.commonName": "bank.example"},
        {"ipAddresses": ["198.51.100.9"]},
        {"privateKeyPem": "-----BEGIN PRIVATE KEY-----"},
    ),
    *changed(
        "prod",
        "azure-origin-key",
        {"rsaBits": 1024},
        {"algorithm": "ECDSA", "ecdsaCurve": "P224"},
        {"algorithm": "ED25519"},
    ),
    *changed(
        "prod",
        "cloudflare",
        {"baseUrl": "https://evil.example/client/v4"},
        {"apiToken": "0123456789abcdefghijklmnopqrstuvwxyzABCD"},
        {"apiToken": GONE, "email": "x@example.com", "apiKey": "geheim"},
        {"apiUserServiceKey": "v1.0-geheim"},
    ),
    *changed("backup", "storage-backups", {"jurisdiction": "eu"}, {"name": "prod-backups"}, {"accountId": "f" * 32}),
    *changed(
        "backup",
        "storage-backups-lock",
        {"rules": []},
        {"rules[0].enabled": False},
        {"rules[0].condition.maxAgeSeconds": 60},
        {"rules[0].prefix": "elsewhere/"},
        {"bucketName": "smarteros-backup-knowledge"},
    ),
    *changed(
        "backup",
        "storage-backups-lifecycle",
        {"rules[0].deleteObjectsTransition": {"condition": {"type": "Age", "maxAge": 60}}},
        {"rules[0].abortMultipartUploadsTransition.condition.maxAge": 1},
    ),
    *added(
        "prod", "n8n-name", "cloudflare:index/pageRule:PageRule", {**ZONE, "target": "*", "actions": {"ssl": "off"}}
    ),
    *added("prod", "n8n-name", "cloudflare:index/zone:Zone", {"name": "evil.example"}),
    *added("prod", "n8n-name", "cloudflare:index/zoneDnssec:ZoneDnssec", {**ZONE, "status": "disabled"}),
    *added("prod", "n8n-name", "cloudflare:index/apiToken:ApiToken", {"name": "x"}),
    *added("prod", "n8n-name", "cloudflare:index/accountMember:AccountMember", {**ACCOUNT, "email": "x@example.com"}),
    *added("prod", "n8n-name", "cloudflare:index/logpushJob:LogpushJob", {**ZONE, "destinationConf": "s3://evil"}),
    *added("prod", "n8n-name", "cloudflare:index/emailRoutingCatchAll:EmailRoutingCatchAll", {**ZONE}),
    *added("prod", "n8n-name", "cloudflare:index/loadBalancer:LoadBalancer", {**ZONE, "name": "n8n.smarterbot.cl"}),
    *added(
        "prod", "n8n-name", "cloudflare:index/spectrumApplication:SpectrumApplication", {**ZONE, "protocol": "tcp/22"}
    ),
    *added("prod", "n8n-name", "cloudflare:index/certificatePack:CertificatePack", {**ZONE}),
    *added("prod", "n8n-name", "cloudflare:index/snippet:Snippet", {**ZONE}),
    *added("prod", "n8n-name", "cloudflare:index/zoneLockdown:ZoneLockdown", {**ZONE}),
    *added("prod", "n8n-name", "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared", {**ACCOUNT}),
    *added(
        "prod",
        "n8n-name",
        "cloudflare:index/authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings",
        {**ZONE},
    ),
    *added("backup", "storage-backups", "cloudflare:index/r2BucketCors:R2BucketCors", {**ACCOUNT, "bucketName": "x"}),
    *added(
        "backup", "storage-backups", "cloudflare:index/r2BucketEventNotification:R2BucketEventNotification", {**ACCOUNT}
    ),
    *added("backup", "storage-backups", "cloudflare:index/r2BucketSippy:R2BucketSippy", {**ACCOUNT}),
]
