"""Settings of a zone at the simulated Cloudflare: those that every plan may change."""

from __future__ import annotations

from sandbox.cloudflare.names import ZONE_EXISTS, ZONE_ID, now
from sandbox.core.kinds import ResourceType
from sandbox.core.rules import Must
from sandbox.core.values import UNKNOWN, Props, Value, contains_unknown

__all__ = ["TYPES"]

TABLE = "https://github.com/cloudflare/terraform-provider-cloudflare/blob/main/docs/resources/zone_setting.md"
HSTS = "https://developers.cloudflare.com/ssl/edge-certificates/additional-options/http-strict-transport-security/"
SWITCHES = (
    *("0rtt", "always_online", "always_use_https", "automatic_https_rewrites", "brotli", "browser_check"),
    *(
        "development_mode",
        "early_hints",
        "email_obfuscation",
        "hotlink_protection",
        "http3",
        "ip_geolocation",
        "ipv6",
    ),
    *("opportunistic_encryption", "opportunistic_onion", "rocket_loader", "tls_client_auth", "websockets"),
)
CHOICES: dict[str, tuple[str, ...]] = {
    **{name: ("on", "off") for name in SWITCHES},
    "ssl": ("off", "flexible", "full", "strict"),
    "min_tls_version": ("1.0", "1.1", "1.2", "1.3"),
    "tls_1_3": ("on", "off", "zrt"),
    "security_level": ("off", "essentially_off", "low", "medium", "high", "under_attack"),
    "cache_level": ("aggressive", "basic", "simplified"),
    "pseudo_ipv4": ("off", "add_header", "overwrite_header"),
}
API = "https://developers.cloudflare.com/api/resources/zones/subresources/settings/methods/edit/"
CHALLENGE_TTLS = (*(300, 900, 1800, 2700, 3600, 7200, 10800, 14400, 28800, 57600, 86400, 604800, 2592000, 31536000),)
CACHE_TTLS = (
    *(0, 30, 60, 120, 300, 1200, 1800, 3600, 7200, 10800, 14400, 18000, 28800, 43200, 57600, 72000, 86400, 172800),
    *(259200, 345600, 432000, 691200, 1382400, 2073600, 2678400, 5356800, 16070400, 31536000),
)
HSTS_FIELDS = {"enabled": bool, "include_subdomains": bool, "max_age": int, "nosniff": bool, "preload": bool}


def _setting(value: Value, _: Props) -> bool:
    return value in CHOICES or value in ("browser_cache_ttl", "challenge_ttl", "security_header")


def _seconds(value: Value, allowed: tuple[int, ...]) -> bool | str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return (number and value in allowed) or f"{value!r}: one of {', '.join(str(one) for one in allowed)} (seconds)"


def _value(value: Value, props: Props) -> bool | str:
    name = props.get("settingId")
    if name is UNKNOWN or contains_unknown(value):
        return True
    if name in CHOICES:
        return value in CHOICES[name] or f"{value!r} for {name}: one of {', '.join(CHOICES[name])} (a text)"
    if name == "browser_cache_ttl":
        return _seconds(value, CACHE_TTLS)
    if name == "challenge_ttl":
        return _seconds(value, CHALLENGE_TTLS)
    if name == "security_header":
        return _security_header(value)
    return True  # the rule on settingId says it


def _security_header(value: Value) -> bool | str:
    inner = value.get("strict_transport_security") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(inner, dict):
        return "security_header is {strict_transport_security: {enabled, max_age, …}}"
    for name, given in inner.items():
        wanted = HSTS_FIELDS.get(name)
        right = isinstance(given, wanted) if wanted is bool else _whole_number(given)
        if wanted is None or not right:
            return f"strict_transport_security.{name} {given!r}"
    return True


def _whole_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 and value == int(value)


TYPES = (
    ResourceType(
        token="cloudflare:index/zoneSetting:ZoneSetting",
        about="One setting of a zone. It always exists: creating sets it, deleting leaves it as it is.",
        sources=(TABLE, API),
        properties=("zoneId", "settingId", "value"),
        rules=(
            ZONE_ID,
            Must(
                path="settingId",
                test=_setting,
                says="is unknown, or only for paid plans: not simulated (Cloudflare's names are ssl, "
                "min_tls_version, …)",
                source=TABLE,
            ),
            Must(path="value", test=_value, says="is not a value of this setting", code="1007", source=TABLE),
            ZONE_EXISTS,
        ),
        id="{zoneId}/{settingId}",
        # internal/services/zone_setting/resource.go, Create: the same PATCH as Update, whatever is set there.
        overwrites=True,
        computed={
            "editable": lambda c: True,
            "enabled": lambda c: None,
            "modifiedOn": lambda c: now(),
            "timeRemaining": lambda c: 0,
        },
        replaces=("zoneId", "settingId"),
        not_checked=(
            "settings of paid plans, ciphers, nel, aegis and ssl_recommender: refused as not simulated",
            "the real id is the setting's name alone, and a second resource for one setting is not refused there",
        ),
    ),
)
