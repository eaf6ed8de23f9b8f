"""What stands behind a name of a simulated zone: the record that has the name, and who answers where it leads."""

from __future__ import annotations

from dataclasses import replace

from sandbox.core.backend import Ask
from sandbox.core.inventory import Inventory
from sandbox.core.origin import Origin
from sandbox.core.records import Record

__all__ = ["Origins"]

DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"


class Origins:
    """Finds the origin of a name."""

    def __init__(self, cloud: Inventory, ask: Ask) -> None:
        self._cloud = cloud
        self._ask = ask

    def of(self, name: str) -> Origin | None:
        """The origin; None when no record has the name."""
        record = self._record(name)
        if record is None:
            return None
        target = str(record.inputs.get("content", "")).lower()
        nobody = Origin(app="", image="", problem=f"the host {target} routes {name} to no container")
        return replace(self._ask.origin(target, name) or nobody, proxied=bool(record.inputs.get("proxied")))

    def _record(self, name: str) -> Record | None:
        wanted = [name, "*." + name.partition(".")[2]]
        records = [one for one in self._cloud.find(DNS_RECORD) if one.inputs.get("type") in ("A", "AAAA", "CNAME")]
        for candidate in wanted:
            for record in records:
                if str(record.inputs.get("name", "")).lower() == candidate:
                    return record
        return None
