"""DNS records of the simulated Cloudflare. Nothing answers DNS queries."""

from __future__ import annotations

from sandbox.cloudflare.names import ZONE_EXISTS, ZONE_ID, identifier, now, zone
from sandbox.cloudflare.types.dns import values
from sandbox.cloudflare.types.dns.data import API, DATA_RULES, data_as_content
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import Between, ExactlyOne, Forbidden, Length, Must, NeedsInCloud, OneOf, Required, Unique
from sandbox.core.values import Props, Value

__all__ = ["RECORD", "TYPES"]

RECORD = "cloudflare:index/dnsRecord:DnsRecord"
REFERENCE = "https://developers.cloudflare.com/dns/manage-dns-records/reference/dns-record-types/"
PROXY = "https://developers.cloudflare.com/dns/proxy-status/"
SAME_NAME = "https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/"
TTL = "https://developers.cloudflare.com/dns/manage-dns-records/reference/ttl/"
REPOSITORY = "https://github.com/cloudflare/terraform-provider-cloudflare/blob/main"
SCHEMA = f"{REPOSITORY}/internal/services/dns_record/schema.go"
WITH_DATA = ("CAA", "SRV")
SIMULATED = ("A", "AAAA", "CNAME", "TXT", "MX", "NS", *WITH_DATA)
PROXIED = ("A", "AAAA", "CNAME")


def _ttl(value: Value, _: Props) -> bool:
    return bool(value == 1 or 60 <= value <= 86400) and float(value) == int(value)


def _outside(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    found = zone(cloud, inputs.get("zoneId"))
    name = str(inputs.get("name")).lower()
    if found is None:
        return None  # the rule on zoneId says it
    top = str(found.inputs.get("name")).lower()
    return None if name == top or name.endswith("." + top) else f"{name!r} is not in the zone {top}"


def _same_name(inputs: Props, cloud: Cloud, kinds: tuple[str, ...]) -> bool:
    def key(props: Props) -> tuple[object, str]:
        return props.get("zoneId"), str(props.get("name")).lower()

    return any(one.inputs.get("type") in kinds and key(one.inputs) == key(inputs) for one in cloud.find(RECORD))


def _cname_beside(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    kind = inputs.get("type")
    if kind == "CNAME" and _same_name(inputs, cloud, ("A", "AAAA")):
        return "81053: An A, AAAA, or CNAME record with that host already exists."
    if kind in ("A", "AAAA") and _same_name(inputs, cloud, ("CNAME",)):
        return "81054: A CNAME record with that host already exists."
    return None


def _delegation_beside(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    top = zone(cloud, inputs.get("zoneId"))
    if top is not None and str(inputs.get("name")).lower() == str(top.inputs.get("name")).lower():
        return None  # the zone's own name servers stand beside everything
    others = tuple(kind for kind in SIMULATED if kind != "NS")
    if inputs.get("type") == "NS" and _same_name(inputs, cloud, others):
        return "Other records with that host already exist."
    if inputs.get("type") in others and _same_name(inputs, cloud, ("NS",)):
        return "81056: NS records with that host already exist."
    return None


def _new_id(computing: Computing) -> str:
    parts = [str(computing.inputs.get(name)) for name in ("zoneId", "type", "name", "content", "data")]
    made = identifier(*parts)
    while computing.cloud.get(made) is not None:
        made = identifier(made)  # the record made from these values has other values by now
    return made


TYPES = (
    ResourceType(
        token=RECORD,
        about="A record in a zone. Its name is the full one (app.example.com); content and proxying change in place.",
        sources=(REFERENCE, SCHEMA),
        properties=(
            *("name", "ttl", "type", "zoneId", "comment", "content", "priority", "proxied"),
            *(
                "data.flags",
                "data.tag",
                "data.value",
                "data.priority",
                "data.weight",
                "data.port",
                "data.target",
            ),
        ),
        rules=(
            ZONE_ID,
            OneOf(
                path="type",
                values=SIMULATED,
                says="is not simulated; A, AAAA, CNAME, TXT, MX, NS, CAA and SRV are (in capitals)",
                source=SCHEMA,
            ),
            Must(
                path="name",
                test=values.full_name,
                says="must be the full name: labels of up to 63 letters, digits, - and _, * only as the first",
                code="9000",
                source=REFERENCE,
            ),
            Must(
                path="name",
                name="must:name:NS",
                when=values.is_type("NS"),
                test=lambda value, _: not str(value).startswith("*"),
                says="a delegation is of one name: Cloudflare has no wildcard for NS records",
                source="https://developers.cloudflare.com/dns/manage-dns-records/reference/wildcard-dns-records/",
            ),
            Must(
                path="ttl",
                test=_ttl,
                says="TTL must be between 60 and 86400 seconds, or 1 for Automatic.",
                code="9021",
                source=TTL,
            ),
            Must(
                path="ttl",
                name="must:ttl:proxied",
                when=lambda props: props.get("proxied") is True,
                test=lambda value, _: value == 1,
                says="must be 1 when proxied: Cloudflare sets it so, and each refresh would show a change",
                source=TTL,
            ),
            ExactlyOne(path="", fields=("content", "data"), source=SCHEMA),
            Required(
                path="data",
                when=values.is_type(*WITH_DATA),
                says="is required for CAA and SRV records, instead of content",
                source=SCHEMA,
            ),
            Required(
                path="content",
                when=values.is_not_type(*WITH_DATA),
                says="is required for this type of record",
                source=SCHEMA,
            ),
            *values.CONTENT_RULES,
            *DATA_RULES,
            Required(
                path="priority",
                when=values.is_type("MX"),
                says="is required for MX records: the server with the lowest is tried first",
                source=SCHEMA,
            ),
            Forbidden(
                path="priority",
                when=values.is_not_type("MX", "SRV"),
                says="is for MX and SRV records",
                source=SCHEMA,
            ),
            Between(path="priority", least=0, most=65535, source=SCHEMA),
            Must(
                path="proxied",
                when=values.is_not_type(*PROXIED),
                test=lambda value, _: value is False,
                says="This record type cannot be proxied; only A, AAAA and CNAME can",
                code="9004",
                source=PROXY,
            ),
            Must(
                path="content",
                name="must:content:proxied",
                when=lambda props: props.get("proxied") is True,
                test=values.public_target,
                says="is not allowed for a proxied record: Cloudflare could not reach it",
                code="9003",
                source="",
            ),
            Must(
                path="content",
                name="must:content:own",
                when=lambda props: props.get("proxied") is True,
                test=values.not_its_own,
                says="is an address of Cloudflare itself: give your server's",
                source=values.IPS,
            ),
            Length(
                path="comment",
                most=100,
                says="may have 100 characters on the Free plan",
                source="https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/",
            ),
            ZONE_EXISTS,
            NeedsInCloud(
                path="name",
                test=_outside,
                says="give the full name, ending in the zone's; of a short one Cloudflare makes "
                "name.zone, and each"
                " refresh would show a change",
                source=SCHEMA,
            ),
            Unique(
                path="name",
                within=("zoneId", "type", "content", "data"),
                kept=values.as_kept,
                token=RECORD,
                says="An identical record already exists.",
                code="81058",
                source=SAME_NAME,
            ),
            Unique(
                path="name",
                name="unique:name:cname",
                when=values.is_type("CNAME"),
                within=("zoneId", "type"),
                token=RECORD,
                says="An A, AAAA, or CNAME record with that host already exists.",
                code="81053",
                source=SAME_NAME,
            ),
            NeedsInCloud(
                path="name",
                name="needsincloud:name:cname",
                test=_cname_beside,
                says="a name with a CNAME can have no address of its own: delete one of the two first",
                source=SAME_NAME,
            ),
            NeedsInCloud(
                path="name",
                name="needsincloud:name:ns",
                test=_delegation_beside,
                says="NS records cannot exist on the same name as any other record type",
                source=API,
            ),
        ),
        id=_new_id,
        computed={
            "createdOn": lambda c: c.old.get("createdOn") or now(),
            "modifiedOn": lambda c: now(),
            "commentModifiedOn": lambda c: now() if c.inputs.get("comment") else None,
            "tagsModifiedOn": lambda c: None,
            "meta": lambda c: "{}",
            "proxiable": lambda c: c.inputs.get("type") in PROXIED,
            "proxied": lambda c: c.inputs.get("proxied", False),
            "content": lambda c: c.inputs.get("content") or data_as_content(c.inputs.get("data")),
            "tags": lambda c: [],
            "settings": lambda c: {},
        },
        replaces=("zoneId", "type"),
        not_checked=(
            "tags, settings and private routing (paid plans): refused as not simulated",
            "TTLs of 30 seconds and comments of 500 characters (Enterprise, paid plans) are refused",
            "names that Cloudflare would complete with the zone's are refused: give the full name",
            "error 9003 for proxied private addresses is known from reports, not from documentation",
        ),
    ),
)
