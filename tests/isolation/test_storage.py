"""Blobs: a tenant's identity is assigned one role, on its own container, and nothing else is assigned in its stack."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import mocks

from tenants.blob_stores.azure import CONTRIBUTOR
from tenants.model import Tenant
from tenants.names import TenantNames
from tenants.stack import program
from tests.components.declared import Answers, Recorder, resolved
from tests.isolation.names import slugs
from tests.tenants.test_stack import BLOBS, SECRETS, platform

SLUGS = ("acme", "acme-2", "acme-20", "algorithmics")
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
CONTAINER = "azure-native:storage:BlobContainer"
ACCOUNT = (
    "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg-smarteros-prod"
    "/providers/Microsoft.Storage/storageAccounts/stsmarterosprod"
)


class Azure(Answers):
    """Gives a container and an identity the ids that Azure gives them."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """As the vendor."""
        found, computed = super().new_resource(args)
        if args.typ == CONTAINER:
            found = f"{ACCOUNT}/blobServices/default/containers/{args.inputs['containerName']}"
        if args.typ.endswith(":UserAssignedIdentity"):
            computed["principalId"] = f"principal of {args.inputs['resourceName']}"
        return found, computed


def declared(slug: str, where: str) -> list[tuple[str, dict[str, Any]]]:
    """Type and inputs of everything in one tenant's stack."""
    tenant = Tenant.model_validate({"rut": "12345678-5", "name": "Acme", "domain": f"{slug}.example.com"})
    monitor = Recorder()
    monitor.mocks = Azure()
    mocks.set_mocks(Azure(), project="smarteros-tenants", stack=slug, preview=False, monitor=monitor)
    pulumi.runtime.test(program(tenant, platform(True, where), SECRETS))()  # type: ignore[no-untyped-call] # untyped SDK
    return [(one.token, dict(resolved(one.inputs))) for one in monitor.declared if one.custom]


def covers(scope: str, resource: str) -> bool:
    """Azure's rule: an assignment holds for the scope and what is below it, segment by segment."""
    wanted, given = scope.strip("/").split("/"), resource.strip("/").split("/")
    return given[: len(wanted)] == wanted


@pytest.mark.parametrize("slug", SLUGS)
def test_the_one_assignment_is_on_the_tenants_own_container(slug: str) -> None:
    """It covers that container and none of another's, nor the account; its only identity is its own."""
    resources = declared(slug, "azure")
    (reach,) = (inputs for token, inputs in resources if token == ASSIGNMENT)
    (identity,) = (inputs for token, inputs in resources if token.endswith(":UserAssignedIdentity"))
    assert reach["principalId"] == f"principal of {identity['resourceName']}"
    assert reach["roleDefinitionId"].endswith(f"/{CONTRIBUTOR}")
    for other in SLUGS:
        container = f"{ACCOUNT}/blobServices/default/containers/{TenantNames(other).blobs}"
        assert covers(reach["scope"], container) is (other == slug)
        assert covers(reach["scope"], f"{container}/blobs/x") is (other == slug)
    assert not covers(reach["scope"], ACCOUNT)


@pytest.mark.parametrize("slug", SLUGS)
def test_containers_are_private_and_buckets_are_called_after_the_tenant(slug: str) -> None:
    """On R2 no tenant has a key: its bucket is reached by the platform's own services."""
    (container,) = (inputs for token, inputs in declared(slug, "azure") if token == CONTAINER)
    assert (container["containerName"], container["publicAccess"]) == (f"t-{slug}", "None")
    of_cloudflare = [(token, inputs) for token, inputs in declared(slug, "r2") if token.startswith("cloudflare:")]
    (bucket,) = (inputs for token, inputs in of_cloudflare if token.endswith(":R2Bucket"))
    assert bucket["name"] == f"{BLOBS['r2'].prefix}-t-{slug}"
    assert not [token for token, _ in of_cloudflare if "Token" in token]


def test_assignments_have_ids_of_their_own() -> None:
    """One GUID for two would move the first one's right to the second."""
    found = {
        inputs["roleAssignmentName"]
        for slug in SLUGS
        for token, inputs in declared(slug, "azure")
        if token == ASSIGNMENT
    }
    assert len(found) == len(SLUGS)


@pytest.mark.parametrize(("mine", "other"), list(permutations(SLUGS, 2)))
def test_one_container_is_not_below_another(mine: str, other: str) -> None:
    """`t-acme` begins `t-acme-2`, and is not its scope."""
    assert not covers(f"{ACCOUNT}/x/{TenantNames(mine).blobs}", f"{ACCOUNT}/x/{TenantNames(other).blobs}")


@given(slugs, st.data())
def test_whatever_a_tenant_is_called(slug: str, data: st.DataObject) -> None:
    """No two slugs have one container or one bucket."""
    other = data.draw(slugs.filter(lambda one: one != slug))
    assert TenantNames(slug).blobs != TenantNames(other).blobs
