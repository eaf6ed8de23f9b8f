"""What is put into the policies' SDK is there to be put in; another version may have moved it: then it stays, or, where
rules would judge by something else than was sent, nothing is judged.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from pulumi_policy import policy as sdk

from engine.sdk_patches import policies
from engine.sdk_patches.changed import SdkChanged

ROOT = Path(__file__).resolve().parents[3]
PUT = ("deserialize_properties", "unknown_checking_proxy", "json_format", "_PolicyAnalyzerServicer")


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK without patches, whatever ran before, and again what it was after each test."""
    from pulumi_policy import deserialize, proxy

    own = sdk._PolicyAnalyzerServicer
    inside = {
        "deserialize_properties": deserialize.deserialize_properties,
        "unknown_checking_proxy": proxy.unknown_checking_proxy,
        "json_format": json_format,
        "_PolicyAnalyzerServicer": getattr(own, "smos_instead_of", own),
    }
    for name, value in inside.items():
        monkeypatch.setattr(sdk, name, value)


def inside(name: str) -> Any:
    """What the SDK has there now."""
    return vars(sdk)[name]


def test_a_rule_is_given_what_was_sent_read_once() -> None:
    """By the reader; the SDK's wrapper of unknown values is none any more. Twice is once."""
    read: list[Any] = []

    def reader(sent: Any) -> dict[str, Any]:
        read.append(sent)
        return {"read": dict(sent)}

    for _ in range(2):
        assert policies.inputs_read_by(reader) == []
    sent = {"a": 1}
    for _ in range(3):
        assert inside("deserialize_properties")(sent, True) == {"read": sent}
    assert read == [sent]
    unknown = {"a": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}
    assert inside("unknown_checking_proxy")(unknown) is unknown


@pytest.mark.parametrize("name", ["deserialize_properties", "unknown_checking_proxy"])
def test_rules_that_would_read_something_else_do_not_run(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Whether it is not there, or not used where a resource is judged; and nothing is half put in."""
    before = {one: inside(one) for one in PUT}
    with monkeypatch.context() as changed:
        changed.delattr(sdk, name)
        with pytest.raises(SdkChanged, match=rf"policy\.{name} as expected.*Fix: the version of pulumi-policy"):
            policies.inputs_read_by(dict)

    class Other(inside("_PolicyAnalyzerServicer")):  # type: ignore[misc]  # known at run time alone
        def Analyze(self, request: Any, _context: Any) -> Any:
            return request

    with monkeypatch.context() as changed:
        changed.setattr(sdk, "_PolicyAnalyzerServicer", Other)
        with pytest.raises(SdkChanged):
            policies.inputs_read_by(dict)
    assert {one: inside(one) for one in PUT} == before


def test_without_protobuf_s_reader_each_resource_is_read_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Slower, and said in one line."""
    monkeypatch.delattr(sdk, "json_format")
    assert policies.inputs_read_by(dict) == [policies.MESSAGES]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert policies.MESSAGES in said


def test_the_pack_serves_another_analyzer_in_place_of_the_sdks() -> None:
    """Made of the pack's policies; what the SDK looks for inside of its class is still there. Twice is once."""
    own = inside("_PolicyAnalyzerServicer")
    for _ in range(2):
        assert policies.serve_instead(lambda some: ("served", some)) == []
    served = inside("_PolicyAnalyzerServicer")
    assert served("name", "1.0.0", ["policy"], None, None) == ("served", ["policy"])
    assert served.IntermediateStackResource is own.IntermediateStackResource
    assert isinstance(policies.analyzer()("name", "1.0.0", [object()]), own)


def test_an_analyzer_that_is_made_of_something_else_is_left_or_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process for one run serves the SDK's own; one for many, which would mix up their facts, none."""

    class Other:
        def __init__(self, policies: list[Any]) -> None:
            self.policies = policies

    monkeypatch.setattr(sdk, "_PolicyAnalyzerServicer", Other)
    assert policies.serve_instead(lambda some: some) == [policies.BY_TYPE]
    assert inside("_PolicyAnalyzerServicer") is Other
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(SdkChanged, match="_PolicyAnalyzerServicer"):
        policies.analyzer()


def test_whether_runs_can_share_a_pack_is_known_without_the_sdk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its text: of what is installed, and of one without the class, and where there is none."""
    assert policies.has_analyzer()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    assert not policies.has_analyzer()
    (tmp_path / "pulumi_policy").mkdir()
    (tmp_path / "pulumi_policy" / "__init__.py").touch()
    (tmp_path / "pulumi_policy" / "policy.py").write_text("class Other: ...\n")
    assert not policies.has_analyzer()
    assert capsys.readouterr().err.count("\n") == 2


def test_nothing_else_reaches_into_an_sdk() -> None:
    """No module outside of engine/sdk_patches names what Pulumi's packages keep to themselves."""
    found = []
    for file in ROOT.glob("*/**/*.py"):
        room = file.relative_to(ROOT).parts[0]
        if room.startswith(".") or room == "tests" or file.parent.name == "sdk_patches":
            continue
        found += [
            f"{file.relative_to(ROOT)}:{line} {name}" for line, name in private_names(ast.parse(file.read_text()))
        ]
    assert found == []


def private_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Private modules and names of Pulumi's packages that are imported, or asked of a module, or put into it."""
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0].startswith("pulumi"):
            names = [*(node.module or "").split("."), *(one.name for one in node.names)]
            modules |= {one.asname or one.name for one in node.names}
            yield from ((node.lineno, one) for one in names if one.startswith("_"))
        if isinstance(node, ast.Import):
            pulumi = [one for one in node.names if one.name.partition(".")[0].startswith("pulumi")]
            modules |= {one.asname or one.name.partition(".")[0] for one in pulumi}
            yield from ((node.lineno, one.name) for one in pulumi if "._" in one.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _root_of(node) in modules:
            put = isinstance(node.ctx, ast.Store)
            if put or (node.attr.startswith("_") and not node.attr.startswith("__")):
                yield node.lineno, ast.unparse(node)


def _root_of(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import pulumi\nx = pulumi.log.debug", 0),
        ("import pulumi.automation._server", 1),
        ("from pulumi.automation._server import LanguageServer", 1),
        ("from pulumi_policy.proxy import _is_unknown", 1),
        ("import pulumi_policy.policy as sdk\nsdk.json_format = 1", 1),
        ("import pulumi\nx = pulumi.Output._wait", 1),
    ],
)
def test_what_reaches_in_is_seen(text: str, found: int) -> None:
    """Each way that there was."""
    assert len(list(private_names(ast.parse(text)))) == found
