"""Inputs taken from the vendors' own sources and documentation, not from the rules: what is right passes, what is wrong
is refused at the property that is.

Each file of `unseen/` is a vendor's. A case begins with a right example of `examples/` and says what is different.
Where a server stands behind the types (Vault, PostgreSQL), what the rules let pass is asked of it. `measured` says
what came of a file's first run, before anything was changed for it; `not_known` is what is accepted still; `beyond`
is what the vendor's program takes though its own SDK's types refuse it, as the sandbox does: it is no right input, and
is not counted among the wrong ones. Where a wrong one has its `moment`, it is refused then and not before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.core import judge
from sandbox.core.records import Computing
from sandbox.core.schema import Schema
from sandbox.postgresql.connection import Refused as SaidByPostgresql
from sandbox.postgresql.server.clusters import Cluster
from sandbox.vault.http import Refused as SaidByVault
from tests.sandbox.parsed import parsed
from tests.sandbox.postgresql.postgresql_acts import PASSWORD, NoCloud, as_configured
from tests.sandbox.test_examples import FOLDER, TYPES, Case, refusals, schema
from tests.sandbox.vault.server.servers import simulated

__all__ = ["schema"]

UNSEEN = Path(__file__).parent / "unseen"


def cases(kind: str) -> Iterator[Case]:
    """Every right or wrong case of every vendor."""
    contents = (parsed(file) for file in FOLDER.glob("*.yaml"))
    examples = {content["token"]: content for content in contents}
    for file in sorted(UNSEEN.glob("*.yaml")):
        for token, data in parsed(file)["types"].items():
            by_name = {one["name"]: one for one in examples[token]["right"]}
            for index, case in enumerate(data.get(kind) or []):
                of = by_name[case["of"]] if "of" in case else examples[token]["right"][0]
                yield Case(token, f"{file.stem}-{index}", case, of, examples[token].get("config") or {})


RIGHT, WRONG, NOT_KNOWN = list(cases("right")), list(cases("wrong")), list(cases("not_known"))
BEYOND, TIMED = list(cases("beyond")), [case for case in WRONG if "moment" in case.data]


@pytest.mark.parametrize("case", RIGHT, ids=str)
def test_what_is_right_passes(case: Case, schema: Schema, tmp_path: Path) -> None:
    """Nothing that the vendor takes is refused."""
    assert refusals(case, schema, tmp_path) == []
    if case.token.startswith("vault:"):
        assert asked_of_vault(case, schema, tmp_path) == ""


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_what_is_wrong_is_refused(case: Case, schema: Schema, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """What the vendor refuses is refused, and told of the property that is wrong."""
    found = refusals(case, schema, tmp_path)
    if found:
        assert any(_concerns(one.path, case.data["at"]) for one in found), found
    elif case.token.startswith("vault:"):
        assert asked_of_vault(case, schema, tmp_path) != ""
    else:
        assert case.token.startswith("postgresql:"), "accepted"
        assert refused(case.token, case.inputs, request.getfixturevalue("postgresql"), schema) != ""


@pytest.mark.parametrize("case", NOT_KNOWN, ids=str)
def test_what_is_not_known_is_still_accepted(case: Case, schema: Schema, tmp_path: Path) -> None:
    """What the vendor refuses and the sandbox can't know. One that is refused by now belongs under `wrong`."""
    assert refusals(case, schema, tmp_path) == []


@pytest.mark.parametrize("case", BEYOND, ids=str)
def test_what_the_sdk_refuses_is_refused_by_it_alone(case: Case, schema: Schema, tmp_path: Path) -> None:
    """The types of the vendor's own SDK are checked, and no rule goes beyond the vendor's program."""
    found = refusals(case, schema, tmp_path)
    assert [(one.path, one.rule) for one in found] == [(case.data["at"], "schema")]


@pytest.mark.parametrize("case", TIMED, ids=str)
def test_it_is_refused_when_the_vendor_does(case: Case, schema: Schema) -> None:
    """A preview shows what the vendor's Check refuses; what fails when it is made passes it."""
    found = judge.refused_inputs(TYPES[case.token], schema, case.inputs)
    assert bool(found) == (case.data["moment"] == "check"), found


def test_what_is_not_known_stays_little() -> None:
    """At most three in a hundred of what is wrong with a vendor's inputs."""
    for vendor in {case.token.partition(":")[0] for case in NOT_KNOWN}:
        gaps, wrong = (sum(one.token.startswith(f"{vendor}:") for one in several) for several in (NOT_KNOWN, WRONG))
        assert gaps <= 0.03 * (gaps + wrong), vendor


@pytest.mark.parametrize("vendor", sorted({case.token.partition(":")[0] for case in WRONG}))
def test_each_vendor_has_as_many_as_promised(vendor: str) -> None:
    """Sixty wrong and 36 right ones of the large vendors, twenty-five and fifteen of the others."""
    least = (60, 36) if vendor in ("azure-native", "cloudflare", "docker", "vault") else (25, 15)
    counts = [sum(1 for case in several if case.token.startswith(f"{vendor}:")) for several in (WRONG, RIGHT)]
    assert counts[0] >= least[0]
    assert counts[1] >= least[1]


def _concerns(path: str, at: str) -> bool:
    """Whether a refusal is of that property, or of what it stands in."""
    return "" in (at, path) or path.startswith(at) or at.startswith(path)


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Any]]:
    """How to reach a real server."""
    cluster = Cluster(tmp_path_factory.mktemp("postgresql") / "server")
    cluster.create("smarter", PASSWORD, superuser=False)
    yield as_configured(cluster)
    cluster.destroy()


def asked_of_vault(case: Case, schema: Schema, folder: Path) -> str:
    """Why a simulated Vault, in which is what exists before, does not take it."""
    with simulated(folder) as vault:
        config = {"address": f"http://127.0.0.1:{vault.port}", "token": vault.root, "skipChildToken": "true"}
        for record in case.existing:
            assert refused(record["token"], record["inputs"], config, schema) == ""
        return refused(case.token, case.inputs, config, schema)


def refused(token: str, inputs: Mapping[str, Any], config: Mapping[str, Any], schema: Schema) -> str:
    """What the server behind the type says against a creation."""
    kind = TYPES[token]
    whole = schema.numbers(token, {**kind.defaults, **inputs})
    act = kind.on_create
    assert act is not None
    try:
        act(Computing(id="", name="", inputs=whole, config=config, cloud=NoCloud()))
    except (SaidByVault, SaidByPostgresql) as error:
        return str(error)
    return ""
