"""Policy packs, as the language host starts them and the real engine asks them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.engine.test_language_host import PROGRAM_WITH_THING, with_provider

if TYPE_CHECKING:
    from tests.engine.conftest import Stack

    NewStack = Callable[[str], Stack]


@pytest.mark.slow
def test_policy_pack(new_stack: NewStack) -> None:
    """A pack's violation stops the preview, and the pack sees the stack's project, name and config."""
    stack = new_stack("import pulumi\npulumi.export('x', 1)\n")
    stack.run("config", "set", "size", "large")
    stack.write("../pack/PulumiPolicy.yaml", "runtime: python\n")
    stack.write(
        "../pack/__main__.py",
        """\
        import pulumi
        from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

        SIZE = pulumi.Config("demo").require("size")

        def refuse(args, report):
            report(f"{pulumi.get_project()}/{pulumi.get_stack()} is {SIZE}")

        PolicyPack(
            "pack",
            enforcement_level=EnforcementLevel.MANDATORY,
            policies=[ResourceValidationPolicy("no-stack", "None is allowed.", refuse)],
        )
        """,
    )
    output = stack.run("preview", "--policy-pack", "../pack", fails=True)
    assert "demo/dev is large" in output
    assert "warning" not in output


@pytest.mark.parametrize("level", ["at the policy", "at the pack", "in the configuration"])
def test_a_policy_that_changes_resources_is_asked(new_stack: NewStack, level: str) -> None:
    """Wherever it is said that it does; the host answers for packs with none of them."""
    stack = new_stack(PROGRAM_WITH_THING.format(seconds=0))
    with_provider(stack)
    stack.write("../pack/PulumiPolicy.yaml", "runtime: python\n")
    stack.write(
        "../pack/__main__.py",
        f"""\
        from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

        def mend(args):
            return {{**args.props, "mended": "yes"}} if args.resource_type == "thing:index:Thing" else None

        PolicyPack(
            "pack",
            enforcement_level=EnforcementLevel.{"REMEDIATE" if level == "at the pack" else "ADVISORY"},
            policies=[
                ResourceValidationPolicy(
                    "mends", "Everything is mended.", remediate=mend,
                    enforcement_level={"EnforcementLevel.REMEDIATE" if level == "at the policy" else None},
                )
            ],
        )
        """,
    )
    stack.write("../pack/config.json", '{"mends": "remediate"}' if level == "in the configuration" else "{}")
    stack.run(
        *("up", "--yes", "--skip-preview"),
        *("--policy-pack", "../pack", "--policy-pack-config", "../pack/config.json"),
    )
    assert '"mended": "yes"' in stack.run("stack", "export")


@pytest.mark.parametrize("options", ["", "  options: {configuredByCall: true}\n"])
def test_broken_policy_pack(new_stack: NewStack, options: str) -> None:
    """A pack that can't start fails the run, with the pack's own error; by whomever it is started."""
    stack = new_stack("")
    stack.write("../pack/PulumiPolicy.yaml", f"runtime:\n  name: python\n{options}")
    stack.write("../pack/__main__.py", "raise RuntimeError('the pack is broken')\n")
    output = stack.run("preview", "--policy-pack", "../pack", fails=True)
    assert "the pack is broken" in output
    assert options or "did not start" in output


def test_a_pack_that_is_configured_by_call_starts_at_once(new_stack: NewStack) -> None:
    """It judges as any other; nobody stands between it and the engine, or tells it a stack by its environment."""
    stack = new_stack("import pulumi\npulumi.export('x', 1)\n")
    stack.write("../pack/PulumiPolicy.yaml", "runtime:\n  name: python\n  options: {configuredByCall: true}\n")
    stack.write(
        "../pack/__main__.py",
        """\
        import os
        from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

        def refuse(args, report):
            report(f"told {os.environ.get('PULUMI_CONFIG', 'nothing')}")

        PolicyPack(
            "pack",
            enforcement_level=EnforcementLevel.MANDATORY,
            policies=[ResourceValidationPolicy("no-stack", "None is allowed.", refuse)],
        )
        """,
    )
    assert "told nothing" in stack.run("preview", "--policy-pack", "../pack", fails=True)
