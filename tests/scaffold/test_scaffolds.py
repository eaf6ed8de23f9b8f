"""What `smos new` begins: in few files, formatted, typed, with one test that fails as it was said; and nothing where
the name is none or taken.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kept import publish
from scaffold.declaration import ScaffoldRefused
from scaffold.kinds import SCAFFOLDS
from scaffold.write import plan, write
from tests.scaffold.scaffolded import NAMES, ROOT, Begun, begin, contents, copy_of_clone, python

MOST = {"service": 4, "step": 3, "rule": 2, "type": 2, "command": 3, "system": 3}
"""Kind → how many files it may take at most, its test among them."""
TAKEN = {
    "service": "metabase",
    "system": "smarteros",
    "step": "dns",
    "rule": "logs-bounded",
    "type": "random:index/randomUuid:RandomUuid",
    "command": "up",
}
LONGEST = "a-name-of-so-many-letter"
kinds = pytest.mark.parametrize("kind", sorted(SCAFFOLDS))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which all of it has been begun."""
    return copy_of_clone(tmp_path_factory.mktemp("scaffolds") / "clone")


@pytest.fixture(scope="module")
def begun(clone: Path) -> dict[str, Begun]:
    """Kind → what came of it."""
    return {kind: begin(clone, kind, name) for kind, name in NAMES.items()}


def test_every_kind_is_begun_here() -> None:
    """A kind that is added is tried, and has its limit and its name that is taken."""
    assert set(NAMES) == set(SCAFFOLDS) == set(TAKEN)
    assert set(SCAFFOLDS) == set(MOST)


@pytest.mark.slow
@kinds
def test_few_files_are_touched(begun: dict[str, Begun], kind: str) -> None:
    """No more than was promised, with its one test."""
    assert len(begun[kind].touched) <= MOST[kind], begun[kind].touched
    assert len(begun[kind].tests) == 1, begun[kind].touched


@pytest.mark.slow
def test_contributing_says_as_many_as_were_measured(begun: dict[str, Begun]) -> None:
    """One row a kind: how many files, and which, its test among them."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `\./smos new (\w+) \S+` \| (\d+) \|", page, re.M)
    assert {kind: int(files) for kind, files in rows} == {kind: len(one.touched) for kind, one in begun.items()}


@pytest.mark.slow
@kinds
def test_the_new_test_fails_for_the_reason_that_was_said(clone: Path, begun: dict[str, Begun], kind: str) -> None:
    """For no other one: no import that fails, no fixture that is missing."""
    test, reason = begun[kind].failing
    done = python(clone, "pytest", test, "-n0", "-p", "no:cacheprovider", "--tb=short")
    assert done.returncode == 1, done.stdout + done.stderr
    assert reason in done.stdout
    failed = re.search(r"^(?:=+ )?(?:.*?)(\d+) failed", done.stdout.splitlines()[-1])
    assert failed, done.stdout
    assert int(failed[1]) == 1, done.stdout
    assert "error" not in done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_all_of_it_is_formatted_linted_and_typed(clone: Path, begun: dict[str, Begun]) -> None:
    """As every file of the house."""
    files = [name for one in begun.values() for name in one.touched if name.endswith(".py")]
    for tool in (["ruff", "format", "--check", "."], ["ruff", "check", "."], ["mypy", "--strict", *files]):
        done = python(clone, *tool)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_everything_else_still_passes(clone: Path, begun: dict[str, Begun]) -> None:
    """The tests that walk the lists to which something was added."""
    assert python(clone, "cli", "policies", "--pages").returncode == 0
    assert python(clone, "cli", "sandbox", "pages").returncode == 0
    walk = ["tests/policy/test_pack.py", "tests/cli/test_start.py", "tests/engine/test_launcher.py"]
    walk += ["tests/sandbox/test_pages.py", "tests/tenants/test_steps.py", "tests/tenants/test_stack.py"]
    done = python(clone, "pytest", *walk, "-n0", "-p", "no:cacheprovider", "-m", "not slow", "-k", "not release")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_longest_name_is_formatted_too() -> None:
    """What the formatter would break into lines, it would for nobody's name."""
    assert len(LONGEST) == 24
    for kind in ("rule", "command"):
        wanted = plan(SCAFFOLDS[kind], LONGEST, ROOT)
        texts = [*wanted.new.values(), *wanted.changed.values()]
        assert all(len(line) <= 120 for text in texts for line in text.splitlines())


@kinds
@pytest.mark.parametrize("name", ["", " ", "x y", "X", "../x", "x/y", "1", "ñ", "x\n", "$x", "class", "x" * 200])
def test_what_is_no_name_is_refused(kind: str, name: str) -> None:
    """With what one looks like; nothing is written."""
    with pytest.raises(ScaffoldRefused, match=r"Fix: .* as in "):
        plan(SCAFFOLDS[kind], name, ROOT)


@kinds
def test_what_exists_is_refused(kind: str) -> None:
    """Whoever has the name keeps it."""
    with pytest.raises(ScaffoldRefused, match=rf"{re.escape(TAKEN[kind])}: .*Fix: another name"):
        plan(SCAFFOLDS[kind], TAKEN[kind], ROOT)


@kinds
def test_a_file_that_lies_there_is_not_written_over(kind: str, tmp_path: Path) -> None:
    """Also where no list has it, and also a link that leads nowhere."""
    for file in plan(SCAFFOLDS[kind], NAMES[kind], ROOT).new:
        there = tmp_path / file.relative_to(ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.symlink_to("nowhere")
        with pytest.raises(ScaffoldRefused, match=r"is there already\. Fix: "):
            plan(SCAFFOLDS[kind], NAMES[kind], tmp_path)
        there.unlink()


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Before anything is written."""
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli" / "commands.py").write_text("OTHERS = {}\n")
    with pytest.raises(ScaffoldRefused, match=r"cli/commands\.py: it has no COMMANDS as expected"):
        plan(SCAFFOLDS["command"], "greet", tmp_path)
    assert len(contents(tmp_path)) == 1


@pytest.mark.parametrize("fails_at", [0, 1, 2])
def test_all_of_it_is_written_or_nothing(fails_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full at the second file takes the first one back, with the folder made for it."""
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli" / "commands.py").write_text("COMMANDS = {\n}\n")
    wanted, before = plan(SCAFFOLDS["command"], "greet", tmp_path), contents(tmp_path)
    written: list[Path] = []

    def full(file: Path, text: str) -> None:
        if len(written) == fails_at:
            monkeypatch.setattr("scaffold.write.publish", publish)
            raise OSError(28, "No space left on device")
        written.append(file)
        publish(file, text)

    monkeypatch.setattr("scaffold.write.publish", full)
    with pytest.raises(OSError, match="No space"):
        write(wanted)
    assert contents(tmp_path) == before
    assert not (tmp_path / "tests").exists()


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("heroku:app/app:App", "no provider heroku is simulated. Fix: one of azure-native, cloudflare"),
        ("cloudflare:index/queue:Queues", "the SDK has no such type. Fix: its token"),
        ("cloudflare:index/elsewhere:Queue", "the SDK has no such type. Fix: its token"),
    ],
)
def test_a_type_that_nobody_could_declare_is_refused(token: str, why: str) -> None:
    """The SDK says which there are."""
    with pytest.raises(ScaffoldRefused, match=re.escape(why)):
        plan(SCAFFOLDS["type"], token, ROOT)


@pytest.mark.parametrize(
    ("words", "why"), [(("thing", "x"), "one of "), (("rule", "logs-bounded"), "nothing was written")]
)
def test_the_command_ends_as_bad_input(words: tuple[str, ...], why: str) -> None:
    """Exit code 2, in words."""
    done = python(ROOT, "cli", "new", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
    assert "Traceback" not in done.stderr
