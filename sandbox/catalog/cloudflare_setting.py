"""Settings of a zone at the simulated Cloudflare: those that every plan may change."""

from __future__ import annotations

from sandbox.catalog.cloudflare_zone import ZONE_EXISTS, ZONE_ID, now
from sandbox.kinds import ResourceType
from sandbox.rules import Must
from sandbox.values import UNKNOWN, Props, Value, contains_unknown

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
HSTS_FIELDS = {"enabled": bool, "include_subdomains": bool, "max_age": int, "nosniff": bool, "preload": bool}


def _setting(value: Value, _: Props) -> bool:
    return value in CHOICES or value in ("browser_cache_ttl", "security_header")


def _value(value: Value, props: Props) -> bool | str:
    name = props.get("settingId")
    if name is UNKNOWN or contains_unknown(value):
        return True
    if name in CHOICES:
        return value in CHOICES[name] or f"{value!r} for {name}: one of {', '.join(CHOICES[name])} (a text)"
    if name == "browser_cache_ttl":
        whole = isinstance(value, (int, float)) and not isinstance(value, bool)
        return (whole and (value == 0 or 30 <= value <= 31536000)) or f"{value!r}: 0, or 30 to 31536000 seconds"
    if name == "security_header":
        return _security_header(value)
    return True  # the rule on settingId says it


def _security_header(value: Value) -> bool | str:
    inner = value.get("strict_transport_security") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(inner, dict):
        return "security_header is {strict_transport_security: {enabled, max_age, …}}"
    for name, given in inner.items():
        wanted = HSTS_FIELDS.get(name)
        right = isinstance(given, wanted) if wanted is bool else isinstance(given, (int, float))
        if wanted is None or not right:
            return f"strict_transport_security.{name} {given!r}"
    return True


TYPES = (
    ResourceType(
        token="cloudflare:index/zoneSetting:ZoneSetting",
        about="One setting of a zone. It always exists: creating sets it, deleting leaves it as it is.",
        sources=(TABLE,),
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
