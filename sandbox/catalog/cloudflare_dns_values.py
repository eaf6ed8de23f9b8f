"""What a DNS record may hold, type by type."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping

from sandbox.rules import Between, Must, Pattern, Required, Rule
from sandbox.values import Props, Value

__all__ = ["CONTENT_RULES", "DATA_RULES", "data_as_content", "public_target", "record_name"]

REFERENCE = "https://developers.cloudflare.com/dns/manage-dns-records/reference/dns-record-types/"
REPOSITORY = "https://github.com/cloudflare/terraform-provider-cloudflare/blob/main"
SCHEMA = f"{REPOSITORY}/internal/services/dns_record/schema.go"
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"


def _is(kind: str) -> Callable[[Props], bool]:
    def when(props: Props) -> bool:
        return props.get("type") == kind

    return when


def record_name(value: Value, _: Props) -> bool:
    """A full name in Punycode."""
    return len(value) <= 255 and re.fullmatch(rf"(\*\.)?{_LABEL}(\.{_LABEL})*", value) is not None


def _host(value: Value, _: Props) -> bool:
    name = str(value).removesuffix(".")
    return "." in name and record_name(name, {}) and "*" not in name and not re.fullmatch(r"[\d.]+", name)


def _mail_host(value: Value, props: Props) -> bool:
    return bool(value == "." or _host(value, props))


def _not_itself(value: Value, props: Props) -> bool:
    return str(value).removesuffix(".").lower() != str(props.get("name")).lower()


def _version(number: int) -> Callable[[Value, Props], bool]:
    def test(value: Value, _: Props) -> bool:
        try:
            return ipaddress.ip_address(value).version == number
        except ValueError:
            return False

    return test


def _text(value: Value, _: Props) -> bool | str:
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
        when=_is("A"),
        test=_version(4),
        says="Content for A record must be a valid IPv4 address.",
        code="9005",
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:AAAA",
        when=_is("AAAA"),
        test=_version(6),
        says="Content for AAAA record must be a valid IPv6 address.",
        code="9006",
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:CNAME",
        when=_is("CNAME"),
        test=_host,
        says="Content for CNAME record is invalid: it must be a host name, not an address or URL",
        code="9007",
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:itself",
        when=_is("CNAME"),
        test=_not_itself,
        says="a CNAME can't point to itself",
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:MX",
        when=_is("MX"),
        test=_mail_host,
        says="Content for MX record must be a hostname (or . for 'no mail').",
        code="9009",
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:NS",
        when=_is("NS"),
        test=_host,
        says="must be a name server's host name",
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:TXT",
        when=_is("TXT"),
        test=_text,
        says='must be plain text, or strings "in quotation marks" of up to 255 bytes each',
        source=REFERENCE,
    ),
    Must(
        path="content",
        name="must:content:TXT-size",
        when=_is("TXT"),
        test=_text_size,
        says="must fit into 4096 bytes on the wire with its name",
        source=REFERENCE,
    ),
)

DATA_RULES: tuple[Rule, ...] = (
    *(
        Required(path=f"data.{name}", name=f"required:CAA:{name}", when=_is("CAA"), source=REFERENCE)
        for name in ("tag", "value")
    ),
    *(
        Required(path=f"data.{name}", name=f"required:SRV:{name}", when=_is("SRV"), source=REFERENCE)
        for name in ("priority", "weight", "port", "target")
    ),
    Must(
        path="data.flags",
        test=lambda value, _: str(value).isdigit() and int(value) <= 255,
        says="must be 0 to 255 (0, or 128 for critical)",
        source=REFERENCE,
    ),
    Pattern(
        path="data.tag",
        regex="issue|issuewild|iodef|issuemail",
        says="must be issue, issuewild, iodef or issuemail",
        source=REFERENCE,
    ),
    Between(path="data.priority", least=0, most=65535, source=SCHEMA),
    Between(path="data.weight", least=0, most=65535, source=SCHEMA),
    Between(path="data.port", least=0, most=65535, source=SCHEMA),
    Must(path="data.target", test=_mail_host, says="must be a host name", source=REFERENCE),
)


def data_as_content(data: object) -> str | None:
    """The content that Cloudflare answers for a record given by its parts."""
    if not isinstance(data, Mapping):
        return None
    if "tag" in data:
        return f'{int(data.get("flags", 0))} {data["tag"]} "{data["value"]}"'
    return f"{int(data['weight'])} {int(data['port'])} {data['target']}"
