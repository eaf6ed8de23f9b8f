"""`smos keys`: the keyring that survives every loss. A value is never an argument, and shown only on request."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from age_keyring import Identity, Keyring, KeyringError, Recipient, identity_from_environment, key_file
from age_keyring.signers import own_signer, trust, trusted
from age_keyring.signing import fingerprint
from cli import keys_signed
from cli.outcome import BadInput, Failed
from cli.reporting import reporting, say
from deploy import env_file, keys
from deploy.simulated import stacks
from deploy.target import ROOT
from settings import SHAPES, ExpectedSecret, Problem, Settings, keyring_file, load_files
from settings.templates import groups

__all__ = ["add_recipient", "app", "generate", "import_", "init", "remove_recipient", "set_", "show", "verify"]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The keyring: what must be the same after every loss, encrypted to several people's keys, safe in git.",
)
for _name, _command in (("trust", keys_signed.trust_), ("distrust", keys_signed.distrust_), ("sign", keys_signed.sign)):
    app.command(_name)(_command)
Entry = Annotated[str, typer.Argument(metavar="PATH", help="The entry, as in prod/redisPasswords/health.")]
Named = Annotated[str, typer.Option("--name", help="Whose key it is.")]
Replace = Annotated[bool, typer.Option("--replace", help="Another value than the one that is there.")]


@app.command()
def init(
    name: Named = "",
    stack: Annotated[str, typer.Option("--stack", help="Only what this environment calls for, as in local.")] = "",
) -> None:
    """Make what is missing: your key, the keyring, and every entry that can be generated. Changes nothing else."""
    with reporting():
        environments = [load_files(stack, ROOT)] if stack else _environments()
        file = keyring_file()
        identity = _own_identity(file, name or getpass.getuser())
        if not file.exists():
            me = Recipient.parse(identity.public[0], name=name or getpass.getuser())
            Keyring.create(file, [me], identity).save()
            say(f"{file}: a new keyring, which {me.name} can open")
        with Keyring.changing(file, identity) as keyring:
            done = keys.complete(keyring, environments)
    for entry in done.made:
        typer.echo(f"made     {entry}")
    typer.echo(f"{len(done.made)} made, {len(done.there)} were there and stay as they are")
    _tell(done.missing)
    if len(keyring.recipients) == 1:
        say(
            "one key opens it: that key lost is everything lost. Add another: ./smos keys add-recipient KEY --name NAME"
        )
    say(f"commit {file.name} and {file.stem}.recipients; keep {identity.file} (private) where you keep your passwords")


@app.command()
def show(
    path: Annotated[str, typer.Argument(metavar="[PATH]", help="One entry.")] = "",
    reveal: Annotated[bool, typer.Option("--reveal", help="Print the entry's value.")] = False,
) -> None:
    """List recipients and entries; of one entry what it is for, and with --reveal its value."""
    if reveal and not path:
        raise BadInput("--reveal shows one entry: ./smos keys show PATH --reveal")
    with reporting():
        identity = identity_from_environment()
        keyring = Keyring.open(keyring_file(), identity)
        if not path:
            _list(keyring, identity)
        elif reveal:
            sys.stdout.write(keyring.get(path).removesuffix("\n") + "\n")
        else:
            _describe(keyring, path)


@app.command("set")
def set_(path: Entry, replace: Replace = False) -> None:
    """Store a value that is read from standard input, or asked for without showing it."""
    with reporting():
        expected = _expected().get(path)
        value = _value(path)
        if expected and not SHAPES[expected.kind].fits(value):
            shape = SHAPES[expected.kind]
            raise BadInput(f"{path}: {shape.why}; nothing was stored. Fix: {shape.mend}")
        with Keyring.changing(keyring_file(), identity_from_environment()) as keyring:
            keyring.put(path, value, replace=replace)
    if expected is None:
        say(f"no environment's settings call for {path}: stored, but is it spelled right?")
    typer.echo(f"stored   {path}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A filled template of ./smos env template.")],
    replace: Replace = False,
) -> None:
    """Store what a filled .env file gives: all of it, or with anything wrong in it nothing. Shows no value."""
    given, problems = env_file.read(file)
    known = groups()
    with reporting(), Keyring.changing(keyring_file(), identity_from_environment()) as keyring:
        problems += env_file.problems_in(file, given, keyring, known, replace=replace)
        if problems:
            _tell(problems)
            raise BadInput(f"{len(problems)} wrong in {file}; nothing was stored")
        if not given:
            raise BadInput(f"{file}: no variable has a value. Fix: fill it in (./smos env template)")
        done = env_file.put(given, keyring, env_file.known_variables(known)[0])
    expected = _expected()
    for entry in done.stored:
        typer.echo(f"stored   {entry}{'' if entry in expected else ' (no environment calls for it yet)'}")
    typer.echo(f"{len(done.stored)} stored, {len(done.there)} were there and are the same")
    say(f"delete {file}: the keys stand in it in plain, and the keyring has them now")


@app.command()
def generate(path: Entry, replace: Replace = False) -> None:
    """Make a new value for an entry that the settings call for."""
    with reporting():
        expected = _expected()
        if path not in expected:
            names = "\n  ".join(entry for entry, one in sorted(expected.items()) if not one.external)
            raise BadInput(f"no environment's settings call for {path}. Fix: one of\n  {names}")
        value = keys.fresh_value(expected[path])
        with Keyring.changing(keyring_file(), identity_from_environment()) as keyring:
            old = keyring.find(path) is not None
            keyring.put(path, value, replace=replace)
    typer.echo(f"{'replaced' if old else 'made    '} {path}")
    if old:
        say("what uses it has the old value until ./smos up; git has the old keyring until that is no longer needed")


@app.command("add-recipient")
def add_recipient(
    key: Annotated[str, typer.Argument(help="A public key (age1… or ssh-ed25519 …), or a file that holds one.")],
    name: Named = "",
) -> None:
    """Let one more key open the keyring."""
    with reporting():
        given = Path(key).expanduser()
        is_file = len(key) < 256 and given.is_file()
        try:
            recipient = Recipient.parse(
                given.read_text() if is_file else key, name=name, where=key if is_file else "KEY"
            )
        except (KeyringError, UnicodeDecodeError) as error:
            raise BadInput(str(error)) from None
        with Keyring.changing(keyring_file(), identity_from_environment()) as keyring:
            keyring.add_recipient(recipient)
    typer.echo(f"{len(keyring.recipients)} can open it: {', '.join(one.name for one in keyring.recipients)}")


@app.command("remove-recipient")
def remove_recipient(
    named: Annotated[str, typer.Argument(metavar="NAME", help="Its name, or its public key.")],
) -> None:
    """Encrypt the keyring anew without one key. What that key has opened before stays known to its owner."""
    with reporting(), Keyring.changing(keyring_file(), identity_from_environment()) as keyring:
        gone = keyring.remove_recipient(named)
    typer.echo(f"{len(keyring.recipients)} can open it: {', '.join(one.name for one in keyring.recipients)}")
    say(
        f"{gone.name} knows the values so far, and git keeps the old file. To lock {gone.name} out, replace them: "
        "./smos keys generate PATH --replace (or set, for a vendor's), then ./smos up; and everybody runs "
        f"./smos keys distrust '{gone.name}'"
    )


@app.command()
def verify() -> None:
    """Prove that the keyring opens, for whom it is encrypted, and that nothing is missing. Exit code 1 otherwise."""
    with reporting():
        environments = _environments()
        keyring = Keyring.open(keyring_file(), identity_from_environment())
        keyring.check_recipients()
        keyring.check_sealed()
        problems = list(keys.problems_of(keyring, environments))
    _tell(problems)
    if problems:
        raise Failed(f"{len(problems)} of the expected entries can't be used")
    names = ", ".join(one.name for one in keyring.recipients)
    typer.echo(f"{keyring.file}: {len(keyring.paths())} entries, nothing missing; encrypted to {names} and nobody else")


def _own_identity(file: Path, name: str) -> Identity:
    """The operator's keys, to open with and to sign with; new ones, where there are none yet."""
    where = key_file()
    new = not where.exists()
    identity = Identity.make(where) if new else identity_from_environment()
    if new:
        say(f"{where}: a new key, yours alone")
    if not identity.signing.exists():
        me = own_signer(identity, name)
        trust(identity, me)
        say(f"{identity.signing}: a new key to sign the keyring with, yours alone")
        if file.exists():
            say(f"for your changes to count, each of the others runs: ./smos keys trust '{me.public}' --name '{name}'")
    if new and file.exists():
        public = identity.public[0]
        raise Failed(
            f"{file} is not encrypted to it yet: someone who can open it runs "
            f"./smos keys add-recipient {public} --name {name}"
        )
    return identity


def _environments() -> list[Settings]:
    return [load_files(stack, ROOT) for stack in stacks()]


def _expected() -> dict[str, ExpectedSecret]:
    return {one.entry: one for one in keys.expected_of(_environments())}


def _value(path: str) -> str:
    """From a pipe as it is, without the newline that `echo` adds; from a terminal unseen."""
    text = typer.prompt(f"value of {path}", hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
    value = str(text).strip("\r\n")
    return f"{value}\n" if "\n" in value else value


def _list(keyring: Keyring, identity: Identity) -> None:
    typer.echo(f"{keyring.file}")
    for one in keyring.recipients:
        typer.echo(f"  opened by {one.name}{' (you)' if one.public in identity.public else ''}: {one.public[:40]}")
    for one in trusted(identity):
        last = " (signed it last)" if keyring.statement and keyring.statement.signer == one.public else ""
        typer.echo(f"  signature of {one.name} counts here{last}: {fingerprint(one.public)}")
    for path in keyring.paths():
        typer.echo(f"  {path}")


def _describe(keyring: Keyring, path: str) -> None:
    value = keyring.get(path)
    expected = _expected().get(path)
    typer.echo(f"{path}: {expected.purpose if expected else 'not called for by any settings'}")
    if expected and expected.kind == "openssh_private_key":
        typer.echo(f"its public half: {keys.public_half(value)}")


def _tell(problems: list[Problem] | tuple[Problem, ...]) -> None:
    for problem in problems:
        say(str(problem))
