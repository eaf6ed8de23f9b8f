"""How a command ends, where that is known without the host: what the shell's own words alone decide.

The text runs in a real bash from which everything is taken away but those words: no program, no file, no variable. A
word that is no such word is a program of the host, of which nothing is known: the text is refused when it fails
whether those succeed or not. What expands or defines is not judged, nor what goes on for longer than two seconds.
"""

from __future__ import annotations

import re
import shutil
import subprocess

__all__ = ["always_fails"]

_KNOWN_TEXT = ": true false exit test [ ] ! if then elif else fi set -e trap command EXIT echo"
_KNOWN = frozenset(_KNOWN_TEXT.split())
_OF_THE_SHELL_TEXT = """
. [[ alias bg bind break builtin caller case cd compgen complete compopt continue coproc declare dirs disown enable
esac eval exec export fc fg function getopts hash help history jobs kill let local logout mapfile popd printf pushd
pwd read readarray readonly return select shift shopt source suspend time times type typeset ulimit umask unalias
unset wait ]]
"""
_OF_THE_SHELL = frozenset(_OF_THE_SHELL_TEXT.split())
_COMPARISONS = frozenset(("-z", "-n", "-eq", "-ne", "-lt", "-le", "-gt", "-ge"))
_WHOLE = (
    (re.compile(r"\s[12&]?>>?\s*/dev/null\b|\s2>&1"), " "),
    (re.compile(r"(?:/usr)?/bin/(true|false)\b"), r"\1"),
    (re.compile(r"\b(?:ba|da)?sh -c (?:'([^']*)'|(\w+))"), r"( \1\2 )"),
    (re.compile(r"\bexec ([^;&|\n(){}]+)"), r"{ \1; exit; }"),
)
_HARMLESS = re.compile(r"""[\w.,:=+@%/'"!\[\]{}();&| \t\n#-]*""")
_LOOPS = frozenset(("for", "while", "until"))
_BESIDE = re.compile(r"(?<!&)&(?!&)|(?<!\|)\|(?!\|)|\(")
_BASH = shutil.which("bash") or "/bin/bash"
_SEPARATORS = re.compile(r"""[\s;&|(){}'"]+""")


def always_fails(script: str) -> int:
    """The code that is not 0 with which it ends whatever its programs do; 0 when it may end well, or is not known."""
    for pattern, by in _WHOLE:
        script = pattern.sub(by, script)
    if not _is_judged(script):
        return 0
    script = script.replace("/", "_")  # a path is a program, or an argument: never one of these words
    ended = [_ended(script, others) for others in (0, 1)]
    return ended[0] if all(ended) else 0


def _is_judged(script: str) -> bool:
    words = {word for word in _SEPARATORS.split(script) if word}
    options = {word for word in words if re.fullmatch(r"-\w+", word)}
    compares = bool(words & {"test", "["})
    return (
        _HARMLESS.fullmatch(script) is not None
        and not re.search(r"\(\s*\)", script)
        and not words & _OF_THE_SHELL
        and bool(words & _KNOWN)
        and not (words & _LOOPS and _BESIDE.search(script))  # which would outlive the time that it is given
        and not (compares and options - _COMPARISONS - {"-e"})
    )


def _ended(script: str, others: int) -> int:
    """Its code, when every program of the host ends with `others`."""
    unknown = f"command_not_found_handle() {{ return {others}; }}\n"
    try:
        done = subprocess.run(  # noqa: S603 - of nothing but the words that _is_judged lets pass, in a restricted shell
            [_BASH, "--noprofile", "--norc", "-r", "-c", f"{unknown}{script}"],
            env={"PATH": "/nonexistent"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=2,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 0
    return done.returncode
