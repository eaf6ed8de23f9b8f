"""What the parts of a DNS record may be, where it is given by its parts: CAA and SRV."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sandbox.cloudflare.types.dns.values import REFERENCE, SCHEMA, is_type, mail_host
from sandbox.core.rules import Between, Forbidden, Must, Required, Rule
from sandbox.core.values import Props, Value

__all__ = ["API", "DATA_RULES", "data_as_content"]

API = "https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/create/"
RFC_CAA, RFC_NO_MAIL = "https://www.rfc-editor.org/rfc/rfc8659", "https://www.rfc-editor.org/rfc/rfc7505"
SRV_NAME = "https://www.cloudflare.com/learning/dns/dns-records/dns-srv-record/"
_ISSUERS = ("issue", "issuewild", "issuemail", "issuevmc")
_REPORTS = ("iodef", "contactemail", "contactphone")
_CAA_PARTS, _SRV_PARTS = ("flags", "tag", "value"), ("priority", "weight", "port", "target")


def _service(value: Value, _: Props) -> bool:
    words = str(value).split(".")
    return len(words) > 2 and all(re.fullmatch(r"_[A-Za-z0-9-]+", word) for word in words[:2])


def _one_priority(value: Value, props: Props) -> bool:
    return props.get("type") != "SRV" or (props.get("data") or {}).get("priority", value) == value


def _whole(value: Value, _: Props) -> bool:
    return float(value) == int(value)


def _issuer(value: Value, props: Props) -> bool | str:
    """The grammar of RFC 8659, 4.2: a domain or nothing, then parameters; of a report, an address (4.4)."""
    tag = str((props.get("data") or {}).get("tag", "")).lower()
    if tag in _ISSUERS:
        domain, _, more = str(value).partition(";")
        name = domain.strip()
        if name and not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*", name):
            return f"{name!r} is no domain"
        words = [word.strip() for word in more.split(";") if word.strip()]
        wrong = next((word for word in words if not re.fullmatch(r"[A-Za-z0-9-]+\s*=\s*[!-:<-~]*", word)), None)
        return wrong is None or f"{wrong!r} is no parameter"
    return tag != "iodef" or str(value).lower().startswith(("mailto:", "http://", "https://")) or f"{value!r}"


def _flags(value: Value, _: Props) -> bool:
    text = str(int(value)) if isinstance(value, int | float) and float(value) == int(value) else str(value)
    return text.isdigit() and int(text) <= 255


DATA_RULES: tuple[Rule, ...] = (
    *(
        Forbidden(
            path=f"data.{name}", name=f"forbidden:{kind}:{name}", when=is_type(kind), says="is not for it", source=API
        )
        for kind, names in (("CAA", _SRV_PARTS), ("SRV", _CAA_PARTS))
        for name in names
    ),
    *(
        Required(path=f"data.{name}", name=f"required:CAA:{name}", when=is_type("CAA"), source=REFERENCE)
        for name in _CAA_PARTS
    ),
    *(
        Required(path=f"data.{name}", name=f"required:SRV:{name}", when=is_type("SRV"), source=REFERENCE)
        for name in _SRV_PARTS
    ),
    Must(
        path="data.flags",
        test=_flags,
        says="must be 0 to 255 (0, or 128 for critical)",
        source=REFERENCE,
    ),
    Must(
        path="data.tag",
        test=lambda value, _: str(value).lower() in (*_ISSUERS, *_REPORTS),
        says=f"must be one of {', '.join((*_ISSUERS, *_REPORTS))}",
        source="https://www.iana.org/assignments/pkix-parameters/",
    ),
    Must(
        path="data.value",
        test=_issuer,
        says="must be an authority's domain (or ; for nobody) with parameters, or where to report: mailto: or https:",
        source=RFC_CAA,
    ),
    *(
        Must(path=f"data.{name}", name=f"must:data.{name}:whole", test=_whole, says="must be whole", source=API)
        for name in ("priority", "weight", "port")
    ),
    Must(
        path="name",
        name="must:name:SRV",
        when=is_type("SRV"),
        test=_service,
        says="must begin with the service and its protocol: _sip._tcp.example.com",
        code="9036",
        source=SRV_NAME,
    ),
    Must(
        path="priority",
        name="must:priority:SRV",
        test=_one_priority,
        says="must be the same as data.priority, which decides",
        source="https://github.com/cloudflare/terraform-provider-cloudflare/issues/6651",
    ),
    Must(path="priority", name="must:priority:whole", test=_whole, says="must be whole", source=API),
    Must(
        path="priority",
        name="must:priority:no-mail",
        when=lambda props: props.get("type") == "MX" and props.get("content") == ".",
        test=lambda value, _: value == 0,
        says="is 0 where the host is . (no mail)",
        source=RFC_NO_MAIL,
    ),
    Between(path="data.priority", least=0, most=65535, source=SCHEMA),
    Between(path="data.weight", least=0, most=65535, source=SCHEMA),
    Between(path="data.port", least=0, most=65535, source=SCHEMA),
    Must(path="data.target", test=mail_host, says="must be a host name", source=REFERENCE),
)


def data_as_content(data: object) -> str | None:
    """The content that Cloudflare answers for a record given by its parts."""
    if not isinstance(data, Mapping):
        return None
    if "tag" in data:
        return f'{int(data.get("flags", 0))} {data["tag"]} "{data["value"]}"'
    return f"{int(data['weight'])} {int(data['port'])} {data['target']}"
