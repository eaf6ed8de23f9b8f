"""What a network's options and address ranges must be, by its driver (what inputs alone decide).

From moby 28.5.2: libnetwork/drivers/bridge/bridge_linux.go (fromLabels, Validate), drivers/macvlan and drivers/ipvlan
(parseNetworkOptions), api/types/network/ipam.go (ValidateIPAM), daemon/libnetwork/ipams/null.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping

from sandbox.core.values import Props, Value

__all__ = [
    *(
        "Net",
        "auxiliary",
        "gateway_is_free",
        "link_local",
        "network",
        "null_ranges",
        "options",
        "overlap",
        "own_ranges",
    ),
]

_BRIDGE = "com.docker.network.bridge."
_BOOLEANS = ("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False")
_GATEWAY_MODES = ("", "nat", "nat-unprotected", "routed", "isolated")
_LINK_LOCAL = ipaddress.ip_network("fe80::/10")

Net = ipaddress.IPv4Network | ipaddress.IPv6Network


def options(value: Value, props: Props) -> bool | str:
    """Those that the driver reads; it keeps others and does nothing with them."""
    driver = props.get("driver", "bridge")
    tests = _TESTS.get(driver, {}) if isinstance(driver, str) else {}
    for name, text in value.items():
        if name in tests and not tests[name](str(text)):
            return f"failed to parse {name} value: {text!r}"
    isolated = [name for name, text in value.items() if "gateway_mode" in name and text == "isolated"]
    if driver == "bridge" and isolated and props.get("internal") is not True:
        return "gateway mode 'isolated' can only be used for an internal network"
    return True


def _boolean(text: str) -> bool:
    return text in _BOOLEANS


def _mtu(text: str) -> bool:
    return text.isdigit()


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _parent(text: str) -> bool:
    """A VLAN's number stands after the interface's name: 1 to 4094."""
    name, dot, tag = text.partition(".")
    return bool(name) and (not dot or (tag.isdigit() and 1 <= int(tag) <= 4094))


def _one_of(*known: str) -> Callable[[str], bool]:
    return lambda text: text in known


_TESTS: Mapping[str, Mapping[str, Callable[[str], bool]]] = {
    "bridge": {
        "com.docker.network.driver.mtu": _mtu,
        **dict.fromkeys((f"{_BRIDGE}enable_icc", f"{_BRIDGE}enable_ip_masquerade", f"{_BRIDGE}inhibit_ipv4"), _boolean),
        **dict.fromkeys(
            (f"{_BRIDGE}host_binding_ipv4", "com.docker.network.host_ipv4", "com.docker.network.host_ipv6"), _address
        ),
        **dict.fromkeys((f"{_BRIDGE}gateway_mode_ipv4", f"{_BRIDGE}gateway_mode_ipv6"), _one_of(*_GATEWAY_MODES)),
        f"{_BRIDGE}name": lambda text: re.fullmatch(r"[^\s/]{1,15}", text) is not None,
    },
    "macvlan": {
        "com.docker.network.driver.mtu": _mtu,
        "macvlan_mode": _one_of("", "bridge", "private", "vepa", "passthru"),
        "parent": _parent,
    },
    "ipvlan": {
        "com.docker.network.driver.mtu": _mtu,
        "ipvlan_mode": _one_of("", "l2", "l3", "l3s"),
        "ipvlan_flag": _one_of("", "bridge", "private", "vepa"),
        "parent": _parent,
    },
}


def auxiliary(value: Value, _: Props) -> bool | str:
    """Each further address is one of the subnet's, and not the gateway's."""
    subnet = network(value.get("subnet"))
    for name, text in (value.get("auxAddress") or {}).items():
        if not _address(str(text)):
            return f"invalid auxiliary address {name}: invalid address"
        if subnet is not None and ipaddress.ip_address(str(text)) not in subnet:
            return f"invalid auxiliary address {name}: parent subnet {subnet} doesn't contain this address"
        if text == value.get("gateway"):
            return f"auxiliary address {name}: Address already in use"
    return True


def link_local(value: Value, _: Props) -> bool:
    """Link-local addresses are the kernel's own."""
    subnet = network(value.get("subnet"))
    return not isinstance(subnet, ipaddress.IPv6Network) or not subnet.overlaps(_LINK_LOCAL)


def own_ranges(value: Value, _: Props) -> bool | str:
    """No two subnets of the network overlap."""
    found = list(_nets(value))
    for index, one in enumerate(found):
        for other in found[index + 1 :]:
            if overlap(one, other):
                return f"{one} and {other}"
    return True


def null_ranges(value: Value, props: Props) -> bool:
    """The driver `null` gives out no addresses, so it takes no subnet."""
    return props.get("ipamDriver") != "null" or not list(_nets(value))


def gateway_is_free(value: Value, _: Props) -> bool | str:
    """Neither the subnet's own address nor its broadcast's; and there is room for one at all."""
    subnet, gateway = network(value.get("subnet")), value.get("gateway")
    if subnet is None or subnet.version == 6:
        return True
    if subnet.prefixlen == 32:
        return "No available addresses on this pool"
    ends = {str(subnet[0]), str(subnet[-1])} if subnet.prefixlen < 31 else set()
    return gateway not in ends or f"({gateway}): Address already in use"


def overlap(one: Net, other: Net) -> bool:
    """Whether two ranges have an address in common."""
    return one.version == other.version and one.overlaps(other)


def _nets(value: Value) -> Iterator[Net]:
    for item in value:
        found = network(item.get("subnet")) if isinstance(item, Mapping) else None
        if found is not None:
            yield found


def network(text: object) -> Net | None:
    """A range without host bits, or None."""
    try:
        return ipaddress.ip_network(str(text), strict=True) if text else None
    except ValueError:
        return None
