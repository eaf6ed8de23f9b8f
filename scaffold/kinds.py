"""The six kinds of things that can be begun, each as a declaration: its names, its files, its test, what is left."""

from __future__ import annotations

import importlib
import inspect
import re

from scaffold.declaration import Insertion, Scaffold, Words

__all__ = ["SCAFFOLDS"]


def _dashed(name: str) -> Words:
    """The placeholders of a name with dashes: `logs-bounded` → logs_bounded, LogsBounded."""
    parts = name.split("-")
    return {"name": name, "identifier": "_".join(parts), "class_name": "".join(one.title() for one in parts)}


def _rule_of(name: str) -> str | None:
    from policy.catalogue import rules

    taken = name in {one.name for one in rules()}
    return "a rule has this name. Fix: another name, or edit that one" if taken else None


def _service_of(name: str) -> str | None:
    from settings.systems import SYSTEMS

    having = [one.name for one in SYSTEMS.values() if name in one.services.model_fields]
    return f"the system {having[0]} has it already. Fix: another name, or edit that one" if having else None


def _system_of(name: str) -> str | None:
    from settings.systems import SYSTEMS

    return "a system has this name. Fix: another name, or edit that one" if name in SYSTEMS else None


def _step_of(name: str) -> str | None:
    from tenants.steps import steps

    taken = name in {one.name for one in steps()}
    return "a step has this name. Fix: another name, or edit that one" if taken else None


def _command_of(name: str) -> str | None:
    from cli.commands import COMMANDS

    entry = COMMANDS.get(name)
    return f"it is {entry.target} already. Fix: another name, or edit that one" if entry else None


def _type_words(name: str) -> Words:
    """`cloudflare:index/queue:Queue` → the folder cloudflare, queue, Queue."""
    from sandbox.vendors import folders

    package, _, rest = name.partition(":")
    class_name = rest.rpartition(":")[2]
    identifier = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name).lower()
    return {
        "name": name,
        "identifier": identifier,
        "class_name": class_name,
        "vendor": folders().get(package, ""),
        "example": re.sub(r"[:/]", "_", name),
    }


def _type_of(token: str) -> str | None:
    from sandbox.core.compiler import Compiler, module_of
    from sandbox.vendors import folders, packages

    package = token.partition(":")[0]
    if package not in folders():
        return f"no provider {package} is simulated. Fix: one of {', '.join(sorted(folders()))}"
    if token in {kind.token for one in packages() for kind in one.types}:
        return f"it is simulated already, in sandbox/{folders()[package]}/types. Fix: another name, or edit that one"
    try:
        Compiler().resource(token)
        known = f"'{token}'" in inspect.getsource(importlib.import_module(module_of(token)))
    except (ImportError, LookupError):
        known = False
    if not known:
        return "the SDK has no such type. Fix: its token as `pulumi preview --json` shows it, without an API version"
    return None


DASHED = re.compile(r"(?=.{1,24}$)[a-z]+(-[a-z]+)*")
DASHED_SHAPE = "lower-case words with - between them, 24 characters at most, as in {}"

_ALL = (
    Scaffold(
        kind="service",
        about="A service of the system smarteros: one product that runs.",
        pattern=re.compile(r"(?=.{1,24}$)[a-z][a-z0-9]*"),
        shape="lower-case letters and digits, 24 characters at most, as in metabase",
        words=_dashed,
        files={
            "service/settings.py.template": "settings/services/$identifier.py",
            "service/component.py.template": "components/services/$identifier.py",
            "service/test.py.template": "tests/components/test_$identifier.py",
        },
        insertions=(
            Insertion(
                path="settings/systems/smarteros.py",
                into="SmarterOSServices",
                template="service/field.template",
                imports="from settings.services.$identifier import $class_name",
            ),
        ),
        taken=_service_of,
        test="tests/components/test_$identifier.py",
        fails="$name has no source for its port and its health yet",
        left=(
            "settings/services/$identifier.py: its image, its containers with the vendor's minima, what operators may "
            "say of it; whoever has a name in the zone also says who owns it",
            "components/services/$identifier.py: the workload, and for all that it is told a source in SOURCES",
            "its image in policy/known/images.py, whose list a change of a service does not widen by itself; "
            "./smos images lock, which writes its digest into its settings",
            "its line in a profile (settings/systems/smarteros.py), if it is to run there; its key in a stack's file",
            "the pages: python -m tests.components.services_page, python -m settings.pages, ./smos capacity --pages",
        ),
    ),
    Scaffold(
        kind="step",
        about="A part of every tenant.",
        pattern=DASHED,
        shape=DASHED_SHAPE.format("blobs"),
        words=_dashed,
        files={
            "step/step.py.template": "tenants/steps/$identifier.py",
            "step/test.py.template": "tests/tenants/test_$identifier.py",
        },
        insertions=(
            Insertion(
                path="tenants/steps/__init__.py",
                into="MODULES",
                before="tenants.steps.vault",
                template="step/line.template",
            ),
        ),
        taken=_step_of,
        test="tests/tenants/test_$identifier.py",
        fails="$name declares nothing yet",
        left=(
            "what it declares, into tenants/steps/$identifier.py, each thing with a name that follows from the slug",
            "what others must know of it, into its Step: names, doors, searches for what is left, its part of an "
            "archive, requests (tenants/steps/step.py says what each is)",
            "its place in MODULES of tenants/steps/__init__.py: after those whose outputs it uses, before Vault if it "
            "has a login",
            "its rows of docs/tenants.md into `documented`, then python -m tenants.pages",
        ),
    ),
    Scaffold(
        kind="rule",
        about="A rule of the policy pack, which every run is checked by.",
        pattern=DASHED,
        shape=DASHED_SHAPE.format("logs-bounded"),
        words=_dashed,
        files={
            "rule/rule.py.template": "policy/rules/$identifier.py",
            "rule/test.py.template": "tests/policy/test_$identifier.py",
        },
        taken=_rule_of,
        test="tests/policy/test_$identifier.py",
        fails="$name has no example in RIGHT",
        left=(
            "examples into tests/policy/test_$identifier.py: RIGHT and WRONG",
            "policy/rules/$identifier.py: why, in its docstring; what it demands, in `says`; which types it looks at; "
            "the check, which says what is wrong and how to mend it",
            "./smos policies --pages, which writes its row in docs/policies.md",
        ),
    ),
    Scaffold(
        kind="type",
        about="A simulated resource type.",
        pattern=re.compile(r"[a-z][a-z0-9-]*:[A-Za-z0-9_/]+:[A-Z][A-Za-z0-9]{0,79}"),
        shape="the type's token, as in cloudflare:index/queue:Queue",
        words=_type_words,
        files={
            "type/type.py.template": "sandbox/$vendor/types/$identifier.py",
            "type/example.yaml.template": "tests/sandbox/examples/$example.yaml",
        },
        taken=_type_of,
        test="tests/sandbox/test_examples.py::test_a_type_has_examples[$name]",
        fails="$example.yaml has no right example",
        left=(
            "the vendor's own example into tests/sandbox/examples/$example.yaml (`right`), with its source",
            "sandbox/$vendor/types/$identifier.py: its properties, its rules with their sources, its id",
            "for every rule a case in `wrong` that it alone refuses; for what replaces, a case in `changes`",
            "./smos sandbox pages, which writes it into docs/providers; and policy/known, when a stack is to have one",
        ),
    ),
    Scaffold(
        kind="system",
        about="A system: which services belong together.",
        pattern=DASHED,
        shape=DASHED_SHAPE.format("smarteros"),
        words=_dashed,
        files={
            "system/settings.py.template": "settings/systems/$identifier.py",
            "system/component.py.template": "components/systems/$identifier.py",
            "system/test.py.template": "tests/components/test_$identifier.py",
        },
        taken=_system_of,
        test="tests/components/test_$identifier.py",
        fails="$name has no service of its own yet",
        left=(
            "settings/systems/$identifier.py: its services as fields, its profiles, the calls between them",
            "components/services/: a module for each of them, called as its field; "
            "components/systems/$identifier.py: its own outputs",
            "a stack's file that says `smarteros:system: $name`",
        ),
    ),
    Scaffold(
        kind="command",
        about="A command of ./smos.",
        pattern=DASHED,
        shape=DASHED_SHAPE.format("doctor"),
        words=_dashed,
        files={
            "command/command.py.template": "cli/$identifier.py",
            "command/test.py.template": "tests/cli/test_$identifier.py",
        },
        insertions=(Insertion(path="cli/commands.py", into="COMMANDS", template="command/line.template"),),
        taken=_command_of,
        test="tests/cli/test_$identifier.py",
        fails="$name does nothing yet",
        left=(
            "what it does, into a room below cli/, with its test there; cli/$identifier.py parses, calls, prints",
            "its line of help in cli/commands.py, and its row in docs/commands.md",
        ),
    ),
)

SCAFFOLDS = {one.kind: one for one in _ALL}
