"""`smos env` and `smos keys import`: templates without values, and a filled one that is stored whole or not at all."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from age_keyring import Identity, Keyring
from cli import env
from cli.outcome import BadInput
from deploy import env_file
from settings import SHAPES, expected_secrets, load_files
from settings.accounts import every_account
from settings.reading import read_settings
from settings.templates import groups, made_here, rendered
from tests.accounts_on import all_on
from tests.cli.test_keys import Operator, ana
from tests.components.declared import prod_config

__all__ = ["ana"]  # the fixture

ROOT = Path(__file__).resolve().parents[2]
SECRET = "Throw4wayThrow4wayThrow4wayThrow4way"
KNOWN, PLAIN = env_file.known_variables(groups())
GOOD = {name: SHAPES[key.secret.kind].sample + SECRET + "x" * 8 for name, key in KNOWN.items()}


def template(*arguments: str, exit_code: int = 0) -> str:
    """What `./smos env template ARGUMENTS` prints, or why it is refused."""
    done = CliRunner().invoke(env.app, ["template", *arguments])
    assert bool(done.exception) == bool(exit_code), done.output
    if exit_code:
        assert isinstance(done.exception, BadInput)
        assert done.exception.exit_code == exit_code
        return str(done.exception)
    return done.stdout


def fill(folder: Path, *lines: str) -> Path:
    """A filled template."""
    file = folder / ".env.filled"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def imported(operator: Operator, file: Path, *arguments: str, exit_code: int = 0) -> str:
    """Everything that `./smos keys import` says."""
    said = operator.keys("import", str(file), *arguments, exit_code=exit_code)
    return said.stdout + said.stderr


def test_the_templates_in_the_docs_are_those_of_the_settings() -> None:
    """A change of the model without `./smos env pages` is noticed here; and none is left of what is gone."""
    files = {file.name: file.read_text() for file in (ROOT / "docs" / "env").iterdir()}
    assert files == {env.file_name(group): rendered(group) for group in groups()}
    names = {".env.cloudflare", ".env.hostinger", ".env.shopify", ".env.supabase", ".env.clerk", ".env.whatsapp"}
    names |= {".env.openai", ".env.gemini", ".env.anthropic"}
    assert {f"{name}.template" for name in names} <= files.keys()


def test_a_filled_template_is_never_committed() -> None:
    """git ignores what people call their copies, and not the templates."""
    for name, ignored in ((".env.openai", True), (".env", True), ("docs/env/.env.openai.template", False)):
        done = subprocess.run(["git", "check-ignore", "-q", "--no-index", name], cwd=ROOT, check=False)
        assert (done.returncode == 0) is ignored, name


def test_templates_have_everything_that_a_stack_with_all_accounts_calls_for(tmp_path: Path) -> None:
    """Each secret by its entry: either a variable to fill in, or told to be made here."""
    settings, problems = read_settings("prod", prod_config() | all_on(), "Pulumi.prod.yaml")
    assert settings is not None, problems
    text = "\n".join(rendered(group) for group in groups(settings))
    made = {one.entry for one in made_here(settings)}
    for one in expected_secrets(settings):
        assert (f"Kept in the keyring as {one.entry};" in text) if one.external else (one.entry in made), one.entry
    assert "handed to nobody" not in text
    for line in text.splitlines():
        assert line.startswith("#") or not line or re.fullmatch("[A-Z0-9_]+=", line), "a value in a template"


def test_each_variable_says_how_to_come_by_it() -> None:
    """What for, where it is made, its shape, who is handed it; once."""
    text = template()
    for name, key in KNOWN.items():
        assert len(re.findall(rf"^(?:# )?{name}=$", text, re.M)) == 1
        assert key.secret.purpose in text
        assert SHAPES[key.secret.kind].mend in text
    for one in (one for _, account in every_account() for one in account.secrets if one.secret.scope == "external"):
        assert "https://" in SHAPES[one.secret.kind].mend, one.variable


@pytest.mark.parametrize("stack", ["prod", "backup", "local"])
def test_no_key_that_a_stack_calls_for_is_missing(stack: str) -> None:
    """What a service calls for only as some of its settings are, too (fix: its optional_secrets)."""
    settings = load_files(stack, ROOT)
    listed = {key.entry for group in groups(settings) for key in group.keys}
    assert {one.entry for one in expected_secrets(settings) if one.external} <= listed


def test_a_stacks_template_says_who_is_handed_what() -> None:
    """As its file has it; and which ones nobody has to get anywhere."""
    text = template("--stack", "prod")
    assert "external/openaiApiKey; handed to n8n, botpress." in text
    assert "external/geminiApiKey; handed to nobody: smarteros:ai/gemini is not in Pulumi.prod.yaml." in text
    assert "# shared/n8nEncryptionKey: " in text
    assert template("openai").count("=\n") == 1
    assert "did you mean openai?" in template("openia", exit_code=2)


def test_a_filled_template_is_stored_and_its_file_is_to_be_deleted(ana: Operator, tmp_path: Path) -> None:
    """Remarks, quotes, `export` and variables without a value are as everywhere; again, it changes nothing."""
    file = fill(
        tmp_path,
        "# mine",
        "",
        f'export OPENAI_API_KEY="{GOOD["OPENAI_API_KEY"]}"',
        f"GEMINI_API_KEY='{GOOD['GEMINI_API_KEY']}'",
        "ANTHROPIC_API_KEY=",
        f"  CLOUDFLARE_API_TOKEN={GOOD['CLOUDFLARE_API_TOKEN']}  ",
    )
    said = imported(ana, file)
    assert "3 stored, 0 were there" in said
    assert "external/geminiApiKey (no environment calls for it yet)" in said
    assert f"delete {file}" in said
    assert SECRET not in said
    assert ana.opened()["external/openaiApiKey"] == GOOD["OPENAI_API_KEY"]
    assert "external/anthropicApiKey" not in ana.opened()
    before = ana.opened()
    assert "0 stored, 3 were there" in imported(ana, file)
    assert ana.opened() == before


@pytest.mark.parametrize(
    ("line", "why", "mend"),
    [
        (f"OPENAI_KEY=sk-{SECRET}", "no account or service has this variable", "did you mean OPENAI_API_KEY?"),
        (f"OPENAI_API_KEY={SECRET}", "those begin with sk-", "https://platform.openai.com/api-keys"),
        (f"OPENAI_API_KEY=sk-admin-{SECRET}", "is for the account", "https://platform.openai.com/api-keys"),
        (f"ANTHROPIC_API_KEY=sk-{SECRET}", "those begin with sk-ant-", "https://platform.claude.com"),
        (f"SUPABASE_SERVICE_ROLE_KEY=sb_publishable_{SECRET}", "not a secret key", "a secret, not a publishable key"),
        ("SUPABASE_URL=https://x.supabase.co", "no secret", "smarteros:accounts/supabase/url in Pulumi.<stack>.yaml"),
        (f"sk-proj-{SECRET}", "not NAME=value", "one variable a line"),
        (f"openai_api_key=sk-{SECRET}", "not NAME=value", "one variable a line"),
        (f"GEMINI_API_KEY={SECRET} {SECRET}", "one word", "https://aistudio.google.com"),
        (f"CLERK_SECRET_KEY=pk_live_{SECRET}", "not a secret key of Clerk", "https://dashboard.clerk.com"),
    ],
)
def test_one_wrong_line_and_nothing_is_stored(ana: Operator, tmp_path: Path, line: str, why: str, mend: str) -> None:
    """With the line's number, why and the mend; the right line before it is not stored either; no value is shown."""
    before = ana.file.read_bytes()
    said = imported(ana, fill(tmp_path, f"HOSTINGER_API_TOKEN={SECRET}", line), exit_code=2)
    assert ".env.filled: line 2" in said
    assert why in said
    assert mend in said
    assert "nothing was stored" in said
    assert SECRET not in said
    assert ana.file.read_bytes() == before


def test_everything_wrong_is_told_at_once(ana: Operator, tmp_path: Path) -> None:
    """Each line, and a variable that is given twice."""
    lines = ["nonsense", "FOO=bar", f"OPENAI_API_KEY={SECRET}", "HOSTINGER_API_TOKEN=" + SECRET]
    said = imported(ana, fill(tmp_path, *lines, "HOSTINGER_API_TOKEN=" + SECRET + "2"), exit_code=2)
    for number in (1, 2, 3, 5):
        assert f"line {number}" in said
    assert "given in line 4 already" in said
    assert "4 wrong in" in said


def test_a_key_that_is_there_is_replaced_only_when_told(ana: Operator, tmp_path: Path) -> None:
    """Whoever uses it would have another one without notice."""
    imported(ana, fill(tmp_path, f"OPENAI_API_KEY=sk-{SECRET}"))
    file = fill(tmp_path, f"OPENAI_API_KEY=sk-{SECRET}Other")
    assert "there already, with another value" in imported(ana, file, exit_code=2)
    assert ana.opened()["external/openaiApiKey"] == f"sk-{SECRET}"
    assert "1 stored" in imported(ana, file, "--replace")
    assert ana.opened()["external/openaiApiKey"] == f"sk-{SECRET}Other"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "can't be read"),
        (b"", "no variable has a value"),
        (b"OPENAI_API_KEY=\n", "no variable has a value"),
        (b"\xff\xfe\x00", "not a text in UTF-8"),
        (b"#" * 70_000, "larger than 64 KB"),
    ],
)
def test_a_file_that_is_none_is_told(ana: Operator, tmp_path: Path, content: bytes | None, why: str) -> None:
    """Absent, empty, unfilled, binary, huge; also a folder."""
    file = tmp_path / ".env.x"
    if content is not None:
        file.write_bytes(content)
    before = ana.file.read_bytes()
    assert why in imported(ana, file, exit_code=2)
    assert "can't be read" in imported(ana, tmp_path, exit_code=2)
    assert ana.file.read_bytes() == before


@given(quotes=st.dictionaries(st.sampled_from(sorted(KNOWN)), st.sampled_from(["", "'", '"']), min_size=1))
def test_whatever_is_filled_in_is_stored_at_its_entry(
    quotes: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any of the variables, in any quotes: each value at the entry that its template names, and nothing else."""
    folder = tmp_path_factory.mktemp("import")
    file = fill(folder, *(f"{name}={quote}{GOOD[name]}{quote}" for name, quote in quotes.items()))
    given_, problems = env_file.read(file)
    keyring = Keyring(folder / "keyring.age", Identity(folder / "key.txt", (), ()), [], {}, b"")
    assert not [*problems, *env_file.problems_in(file, given_, keyring, groups(), replace=False)]
    done = env_file.put(given_, keyring, KNOWN)
    assert {path: keyring.get(path) for path in keyring.paths()} == {KNOWN[name].entry: GOOD[name] for name in quotes}
    assert len(done.stored) == len(quotes)


def test_no_plain_variable_is_also_a_key() -> None:
    """A name means one thing."""
    assert not KNOWN.keys() & PLAIN.keys()
    everywhere = [key.variable for group in groups() for key in group.keys]
    assert len(everywhere) == len(set(everywhere))


def test_the_templates_load_as_what_they_are_for() -> None:
    """An unfilled one gives nothing to store, and is no mistake."""
    for group in groups():
        lines = rendered(group).splitlines()
        assert not [line for line in lines if line and not line.startswith("#") and not line.endswith("=")]
