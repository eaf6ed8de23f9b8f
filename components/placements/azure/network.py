"""The virtual network: a subnet for Container Apps, one for private endpoints, and the private names of
PostgreSQL.

No way in from outside: nothing here publishes an address. Ingress is Container Apps' own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_azure_native import network, privatedns

from settings.naming import Names

__all__ = ["PrivateNetwork", "PrivateNetworkArgs"]

POSTGRES_ZONE = "privatelink.postgres.database.azure.com"


@dataclass(frozen=True, kw_only=True)
class PrivateNetworkArgs:
    """Where the network is, and what it is cut from."""

    names: Names
    resource_group: Input[str]
    location: str
    cidr: str
    tags: Mapping[str, str]


class PrivateNetwork(ComponentResource):
    """A virtual network with its two subnets and the private DNS zone of PostgreSQL."""

    apps_subnet_id: Output[str]
    endpoints_subnet_id: Output[str]
    postgres_zone_id: Output[str]

    def __init__(self, name: str, args: PrivateNetworkArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:azure:PrivateNetwork", name, None, opts)
        inside = ResourceOptions(parent=self)
        space = ipaddress.IPv4Network(args.cidr)
        apps_range = next(space.subnets(new_prefix=23))
        endpoints_range = list(space.subnets(new_prefix=24))[2]
        vnet = network.VirtualNetwork(
            f"{name}-vnet",
            virtual_network_name=args.names.virtual_network(),
            resource_group_name=args.resource_group,
            location=args.location,
            address_space=network.AddressSpaceArgs(address_prefixes=[args.cidr]),
            tags=args.tags,
            # Subnets are resources of their own; what Azure reports of them here is no drift.
            opts=ResourceOptions(parent=self, ignore_changes=["subnets"]),
        )
        apps = network.Subnet(
            f"{name}-apps",
            subnet_name=args.names.subnet("apps"),
            resource_group_name=args.resource_group,
            virtual_network_name=vnet.name,
            address_prefix=str(apps_range),
            delegations=[network.DelegationArgs(name="container-apps", service_name="Microsoft.App/environments")],
            opts=inside,
        )
        endpoints = network.Subnet(
            f"{name}-endpoints",
            subnet_name=args.names.subnet("endpoints"),
            resource_group_name=args.resource_group,
            virtual_network_name=vnet.name,
            address_prefix=str(endpoints_range),
            # Two subnets of one network at a time is refused (AnotherOperationInProgress).
            opts=ResourceOptions(parent=self, depends_on=[apps]),
        )
        self._args, self._vnet_id = args, vnet.id
        self.apps_subnet_id = apps.id
        self.endpoints_subnet_id = endpoints.id
        self.postgres_zone_id = self.private_names(f"{name}-postgres-zone", POSTGRES_ZONE, self)
        self.register_outputs({"apps_subnet_id": self.apps_subnet_id})

    def private_names(self, name: str, zone_name: str, parent: Resource) -> Output[str]:
        """A zone whose names lead to private addresses, for those in the network; its id."""
        inside = ResourceOptions(parent=parent)
        zone = privatedns.PrivateZone(
            name,
            private_zone_name=zone_name,
            resource_group_name=self._args.resource_group,
            location="global",
            tags=self._args.tags,
            opts=inside,
        )
        link = privatedns.VirtualNetworkLink(
            f"{name}-link",
            virtual_network_link_name=self._args.names.virtual_network(),
            resource_group_name=self._args.resource_group,
            private_zone_name=zone.name,
            location="global",
            registration_enabled=False,
            virtual_network=privatedns.SubResourceArgs(id=self._vnet_id),
            opts=inside,
        )
        # Whoever uses the zone's id also waits for its link: without it the name leads to the public address.
        return Output.all(zone.id, link.id).apply(lambda ids: str(ids[0]))
