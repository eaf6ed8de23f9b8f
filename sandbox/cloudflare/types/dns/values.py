"""What a DNS record may hold, type by type."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Callable

from sandbox.core.rules import Must, Rule
from sandbox.core.values import UNKNOWN, Props, Value

__all__ = [
    *(
        "CONTENT_RULES",
        "as_kept",
        "full_name",
        "is_not_type",
        "is_type",
        "mail_host",
        "not_its_own",
        "public_target",
        "record_name",
    ),
]

REFERENCE = "https://developers.cloudflare.com/dns/manage-dns-records/reference/dns-record-types/"
REPOSITORY = "https://github.com/cloudflare/terraform-provider-cloudflare/blob/main"
SCHEMA = f"{REPOSITORY}/internal/services/dns_record/schema.go"
IPS = "https://www.cloudflare.com/ips/"
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_ANY_LABEL = r"[A-Za-z0-9_-]{1,63}"


def is_type(*kinds: str) -> Callable[[Props], bool]:
    """Whether the record is of one of these types."""
    return lambda props: props.get("type") in kinds


def is_not_type(*kinds: str) -> Callable[[Props], bool]:
    """Whether the record's type is known, and none of these."""
    return lambda props: props.get("type") not in (None, UNKNOWN, *kinds)


def full_name(value: Value, _: Props) -> bool:
    """The name of a record, in full and in Punycode: labels may begin and end with anything."""
    return len(value) <= 253 and re.fullmatch(rf"(\*\.)?{_ANY_LABEL}(\.{_ANY_LABEL})*", value) is not None


def record_name(value: Value, _: Props) -> bool:
    """A full name in Punycode that is a host's too."""
    return len(value) <= 255 and re.fullmatch(rf"(\*\.)?{_LABEL}(\.{_LABEL})*", value) is not None


def as_kept(props: Props) -> Props:
    """A record as Cloudflare keeps it: addresses in their shortest form, hosts without the final dot, texts in
    quotation marks.
    """
    content, kind = props.get("content"), props.get("type")
    if not isinstance(content, str):
        return props
    kept = content.removesuffix(".") or content if kind in ("CNAME", "MX", "NS") else content
    if kind == "AAAA":
        with contextlib.suppress(ValueError):
            kept = str(ipaddress.ip_address(content))
    elif kind == "TXT" and not content.startswith('"'):
        kept = f'"{content}"'
    return {**props, "content": kept}


def _host(value: Value, _: Props) -> bool:
    name = str(value).removesuffix(".")
    return "." in name and record_name(name, {}) and "*" not in name and not re.fullmatch(r"[\d.]+", name)


def mail_host(value: Value, props: Props) -> bool:
    """Whether it can be the host of an MX record: a name, or the "." that says there is none."""
    return bool(value == "." or _host(value, props))


def _not_itself(value: Value, props: Props) -> bool:
    return str(value).removesuffix(".").lower() != str(props.get("name")).lower()


def _version(number: int) -> Callable[[Value, Props], bool]:
    def test(value: Value, _: Props) -> bool:
        try:
            return ipaddress.ip_address(value).version == number and "%" not in str(value)
        except ValueError:
            return False

    return test


def _text(value: Value, _: Props) -> bool | str:
    if re.search(r"[\x00-\x1f\x7f]", value):
        return "a line break, or another character that is none to see"
    if not value.startswith('"'):
        return '"' not in value or "a quotation mark inside a text without quotation marks around it"
    strings = re.fullmatch(r'"((?:[^"\\]|\\.)*)"(\s+"((?:[^"\\]|\\.)*)")*', value)
    if strings is None:
        return "quotation marks are not in pairs"
    longest = max(len(one.encode()) for one in re.findall(r'"((?:[^"\\]|\\.)*)"', value))
    return longest <= 255 or f"a string of {longest} bytes"


def _text_size(value: Value, _: Props) -> bool:
    return len(value.encode()) <= 4000


_FOR_DOCUMENTATION = tuple(
    ipaddress.ip_network(network)
    for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "100::/64")
)


_OWN = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18"),
        *("108.162.192.0/18", "190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17"),
        *("162.158.0.0/15", "104.16.0.0/13", "104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22", "2400:cb00::/32"),
        *("2606:4700::/32", "2803:f800::/32", "2405:b500::/32", "2405:8100::/32", "2a06:98c0::/29", "2c0f:f248::/32"),
    )
)


def not_its_own(value: Value, _: Props) -> bool:
    """Not an address of Cloudflare itself, which a proxied record would lead back to."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return True
    return not any(address in network for network in _OWN)


def public_target(value: Value, _: Props) -> bool | str:
    """Not an address of a private network; names are not resolved. Addresses for documentation are allowed
    (192.0.2.1 is the usual target of a name without a server).
    """
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return True
    return address.is_global or any(address in network for network in _FOR_DOCUMENTATION) or f"Target {value}"


CONTENT_RULES: tuple[Rule, ...] = (
    Must(
        path="content",
        name="must:content:A",
        when=is_type("A"),
        test=_version(4),
        says="Content for A record must be a valid IPv4 address.",
        code="9005",
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:AAAA",
        when=is_type("AAAA"),
        test=_version(6),
        says="Content for AAAA record must be a valid IPv6 address.",
        code="9006",
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:CNAME",
        when=is_type("CNAME"),
        test=_host,
        says="Content for CNAME record is invalid: it must be a host name, not an address or URL",
        code="9007",
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:itself",
        when=is_type("CNAME"),
        test=_not_itself,
        says="a CNAME can't point to itself",
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:MX",
        when=is_type("MX"),
        test=mail_host,
        says="Content for MX record must be a hostname (or . for 'no mail').",
        code="9009",
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:NS",
        when=is_type("NS"),
        test=_host,
        says="must be a name server's host name",
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:TXT",
        when=is_type("TXT"),
        test=_text,
        says='must be plain text, or strings "in quotation marks" of up to 255 bytes each',
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:TXT-size",
        when=is_type("TXT"),
        test=_text_size,
        says="must fit into 4096 bytes on the wire with its name",
        source=REFERENCE,
    ),
)
