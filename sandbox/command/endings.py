"""How a command ends, where that is known without the host: what the shell's own words alone decide.

The text runs in a real bash from which everything is taken away but those words: no program, no file, no variable, no
builtin that reaches beyond the shell. What is no such word is a program of the host, which may succeed or fail, each
time in the same way: the text is refused when it fails whichever of them do. What takes a program's output or the
host's variables is not judged, nor what goes on for longer than two seconds.
"""

from __future__ import annotations

import re
import shutil
import subprocess

__all__ = ["always_fails"]

_WHOLE = (
    (re.compile(r"\s[12&]?>>?\s*/dev/null\b|\s2>&1"), " "),
    (re.compile(r"(?:/usr)?/bin/(true|false)\b"), r"\1"),
    (re.compile(r"\bexec ([^;&|\n(){}]+)"), r"{ \1; exit; }"),
    (re.compile(r"^(?!.*\btrap\b)(.*)\bkill (?:-(?:9|KILL|SIGKILL|15|TERM|SIGTERM) )?\$\$", re.DOTALL), r"\1exit 137"),
)
_OF_ITS_OWN = re.compile(r"""\b(?:ba|da)?sh ((?:-[a-z]+ )*)-([a-z]*)c (?:'([^']*)'|"([^"$`\\]*)"|(\w+))""")
"""A shell that is given a text: its flags, twice, and the text in one of three forms."""
_SUM = r"\$\(\([\w+%!=?: -]*\)\)"
_HARMLESS = re.compile(rf"""(?:[\w.,:=+@%/'"!\[\]{{}}();&| \t\n#-]|\$[\w{{@#?]|\*\)|{_SUM})*""")
_NOT_JUDGED_TEXT = ". alias bind builtin caller coproc enable exec history select shopt source unalias"
_NOT_JUDGED = frozenset(_NOT_JUDGED_TEXT.split())
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_ASSIGNED = re.compile(r"(?:^|[\s;&|({'\"])([A-Za-z_]\w*)=|\bfor ([A-Za-z_]\w*) in\b")
_LOOPS = frozenset(("for", "while", "until"))
_FUNCTION = re.compile(r"\w\s*\(\s*\)")
_BESIDE = re.compile(r"(?<!&)&(?!&)|(?<!\|)\|(?!\|)|\(")
_BASH = shutil.which("bash") or "/bin/bash"
_SEPARATORS = re.compile(r"""[\s;&|(){}'"]+""")
_MOST = 20_000
"""Letters of a text that is judged: more are no few words."""
_PROGRAMS = 5
"""So many different ones are told apart; the further ones end as one of those."""
_ALL = 2**_PROGRAMS - 1
_OFF_TEXT = """
. alias bg bind caller cd compgen complete compopt dirs disown exec fc fg getopts hash help history jobs kill logout
mapfile popd pushd pwd read readarray shopt source suspend times type ulimit umask unalias wait enable
"""
_PROLOGUE = f"""
FUNCNEST=20
command_not_found_handle() {{
  local _text="$*" _sum=0 _at _letter
  for ((_at = 0; _at < ${{#_text}}; _at++)); do
    printf -v _letter %d "'${{_text:_at:1}}"
    _sum=$(((_sum * 31 + _letter) % 1009))
  done
  return $(((_failing >> (_sum % {_PROGRAMS})) & 1))
}}
command() {{ case "$1" in -*) command_not_found_handle command "$@" ;; *) "$@" ;; esac; }}
test() {{
  case " $* " in
    *" -"[abcdefghkoprstuvwxGLNORS]" "* | *" -nt "* | *" -ot "* | *" -ef "*) command_not_found_handle test "$@" ;;
    *) builtin test "$@" ;;
  esac
}}
env() {{ while [[ "$1" == *=* ]]; do shift; done; _passing env "$@"; }}
nice() {{ [[ "$1" != -n ]] || shift 2; _passing nice "$@"; }}
nohup() {{ _passing nohup "$@"; }}
timeout() {{ shift; _passing timeout "$@"; }}
_passing() {{ case "${{2:--}}" in -*) command_not_found_handle "$@" ;; *) "${{@:2}}" ;; esac; }}
[() {{ test "${{@:1:$#-1}}"; }}
enable -n {" ".join(_OFF_TEXT.split())}
"""
"""`_failing`: which of the programs do, a bit each. Tests of files, and questions for a program, are programs;
what of coreutils runs another one ends as that does.
"""


def always_fails(script: str) -> int:
    """The code that is not 0 with which it ends whatever its programs do; 0 when it may end well, or is not known."""
    for pattern, by in _WHOLE:
        script = pattern.sub(by, script)
    script = _OF_ITS_OWN.sub(_inside, script)
    if len(script) > _MOST or not _is_judged(script):
        return 0
    script = script.replace("/", "_")  # a path is a program, or an argument: never one of these words
    first = _ended(script, 0)
    return first if first and all(_ended(script, failing) for failing in range(_ALL, 0, -1)) else 0


def _inside(found: re.Match[str]) -> str:
    """The text in a subshell, with the flags that decide how it ends."""
    flags = [flag for flag in "eu" if flag in found.group(1) + found.group(2)]
    text = next(text for text in found.groups()[2:] if text is not None)
    return f"( {''.join(f'set -{flag}; ' for flag in flags)}{text} )"


def _is_judged(script: str) -> bool:
    words = {word for word in _SEPARATORS.split(script) if word}
    assigned = {first or second for first, second in _ASSIGNED.findall(script)}
    forks = _BESIDE.search(_FUNCTION.sub("", script)) is not None
    return (
        _HARMLESS.fullmatch(script) is not None
        and not words & _NOT_JUDGED
        and {*_VARIABLE.findall(script), *_named_in_sums(script)} <= assigned
        and not (
            forks and (words & _LOOPS or _FUNCTION.search(script))
        )  # which would outlive the time that it is given
        and not ("[[" in words and any(re.fullmatch(r"-[a-zA-Z]", word) for word in words - {"-z", "-n"}))
    )


def _named_in_sums(script: str) -> list[str]:
    return [name for found in re.findall(_SUM, script) for name in re.findall(r"[A-Za-z_]\w*", found)]


def _ended(script: str, failing: int) -> int:
    """Its code, when of the programs of the host those fail; 0 where it goes on for too long."""
    try:
        done = subprocess.run(  # noqa: S603 - of nothing but the shell's own words, in a restricted one without programs
            [_BASH, "--noprofile", "--norc", "-r", "-c", f"_failing={failing}\n{_PROLOGUE}{script}"],
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
