"""An address in the private network for something that Azure runs, under the same name as the public one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Input, Resource, ResourceOptions
from pulumi_azure_native import network

__all__ = ["PrivateEndpointArgs", "private_endpoint"]


@dataclass(frozen=True, kw_only=True)
class PrivateEndpointArgs:
    """What it leads to, where it is, and which zone of names answers with it."""

    endpoint_name: str
    resource_group: Input[str]
    location: str
    subnet_id: Input[str]
    target_id: Input[str]
    group_id: str
    """Azure's word for which part of the target it is."""
    zone: str
    """What its entry in the zone is called."""
    zone_id: Input[str]
    tags: Mapping[str, str]
    after: Resource
    """What must be done first: the target takes one change at a time."""


def private_endpoint(name: str, args: PrivateEndpointArgs, parent: Resource) -> network.PrivateDnsZoneGroup:
    """Declares both as children of the target's component; answers the last of them."""
    endpoint = network.PrivateEndpoint(
        f"{name}-endpoint",
        private_endpoint_name=args.endpoint_name,
        resource_group_name=args.resource_group,
        location=args.location,
        subnet=network.SubnetArgs(id=args.subnet_id),
        private_link_service_connections=[
            network.PrivateLinkServiceConnectionArgs(
                name=args.endpoint_name, private_link_service_id=args.target_id, group_ids=[args.group_id]
            )
        ],
        tags=args.tags,
        opts=ResourceOptions(parent=parent, depends_on=[args.after]),
    )
    return network.PrivateDnsZoneGroup(
        f"{name}-endpoint-names",
        private_dns_zone_group_name="default",
        private_endpoint_name=endpoint.name,
        resource_group_name=args.resource_group,
        private_dns_zone_configs=[network.PrivateDnsZoneConfigArgs(name=args.zone, private_dns_zone_id=args.zone_id)],
        opts=ResourceOptions(parent=parent),
    )
