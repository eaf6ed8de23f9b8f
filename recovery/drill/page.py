"""A proof as one page: without scripts, without anything from elsewhere, readable on a telephone and on paper."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

from recovery.drill.proof import Answer, Outcome, Proof, ProvedPart

__all__ = ["duration", "page", "size"]

_WORDS: dict[Outcome, str] = {"right": "right", "wrong": "WRONG", "nothing": "nothing there", "unproved": "not proved"}
_STYLE = Path(__file__).with_name("page.css")


def page(proof: Proof) -> str:
    """The page, in HTML."""
    style = _STYLE.read_text(encoding="utf-8")
    title = f"Restore of {proof.environment}, {proof.ended[:10]}"
    body = "\n".join((*_head(proof, title), *_times(proof), *_parts(proof), *_rest(proof)))
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{_text(title)}</title><style>{style}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _head(proof: Proof, title: str) -> Iterator[str]:
    good = "good" if proof.good else "bad"
    counts = {
        outcome: sum(one.outcome == outcome for part in proof.parts for one in part.answers) for outcome in _WORDS
    }
    left = f" {counts['unproved']} questions could not be answered here." if counts["unproved"] else ""
    word = f"Nothing was wrong.{left}" if proof.good else "This restore proves nothing yet:"
    yield f"<h1>{_text(title).replace('-', '&#8209;')}</h1>"
    scope = proof.scope if proof.scope != "all" else "all of it"
    yield f'<p class="quiet">Backup <code>{_text(proof.backup)}</code>, {_text(scope)}, target {_text(proof.target)}.'
    yield f"Begun {_moment(proof.begun)}, ended {_moment(proof.ended)}.</p>"
    problems = "".join(f"<li>{_text(one)}</li>" for one in proof.problems)
    yield f'<div class="verdict {good}"><strong>{word}</strong>{f"<ul>{problems}</ul>" if problems else ""}</div>'
    figures = {
        "lost at most (RPO)": duration(proof.rpo_s),
        "until all is back (RTO)": duration(proof.rto_s),
        "newest marker's age": duration(proof.sentinel_age_s) if proof.sentinel_age_s is not None else "none found",
        "parts": str(len(proof.parts)),
        "size": size(sum(part.size for part in proof.parts)),
        "right / wrong": f"{counts['right']} / {counts['wrong']}",
        "not proved": str(counts["unproved"]),
        "tried to leave": str(proof.closed.attempts),
    }
    cells = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in figures.items())
    yield f'<dl class="figures">{cells}</dl>'
    closed = "a network namespace without an interface" if proof.closed.by == "namespace" else "nothing"
    gone = "Everything that the drill made is gone." if proof.removed else "Not everything that it made is gone."
    yield f"<p>The place in which it was looked at was closed by {closed}. {gone}</p>"


def _times(proof: Proof) -> Iterator[str]:
    longest = max((part.rto_s for part in proof.parts), default=0.0) or 1.0
    yield "<h2>How long each part took</h2>"
    yield '<table class="times"><thead><tr><th>part</th><th>time until asked</th><th></th></tr></thead><tbody>'
    for part in sorted(proof.parts, key=lambda one: -one.rto_s):
        width = max(1, round(100 * part.rto_s / longest))
        bar = f'<span class="bar"><i style="width:{width}%"></i></span>'
        yield f"<tr><td>{_text(part.name)}</td><td>{bar}</td><td>{duration(part.rto_s)}, {size(part.size)}</td></tr>"
    yield "</tbody></table>"


def _parts(proof: Proof) -> Iterator[str]:
    yield "<h2>What was asked</h2>"
    for part in sorted(proof.parts, key=lambda one: (not one.wrong, one.tenant, one.name)):
        yield from _part(part)


def _part(part: ProvedPart) -> Iterator[str]:
    wrong = len(part.wrong)
    state = f'<span class="wrong">{wrong} wrong</span>' if wrong else '<span class="right">nothing wrong</span>'
    whose = " ".join(one for one in (part.service, f"of {part.tenant}" if part.tenant else "") if one) or part.kind
    yield f"<details{' open' if wrong else ''}><summary><b>{_text(part.name)}</b>{state}"
    yield f'<span class="quiet">{_text(whose)}, {duration(part.rpo_s)} old, from {_text(part.store)}</span></summary>'
    yield "<table><thead><tr><th>answer</th><th>asked</th><th>found</th></tr></thead><tbody>"
    yield from map(_answer, part.answers)
    yield "</tbody></table></details>"


def _answer(answer: Answer) -> str:
    source = f'<span class="source">{_text(answer.source)}</span>' if answer.source else ""
    cells = f"<td>{_text(answer.asks)}{source}</td><td>{_text(answer.found)}</td>"
    return f'<tr><td class="{answer.outcome}">{_WORDS[answer.outcome]}</td>{cells}</tr>'


def _rest(proof: Proof) -> Iterator[str]:
    for title, lines in (
        ("What only the running application could answer", proof.unasked),
        ("What was not restored in this drill", proof.left_out),
    ):
        if lines:
            yield f"<h2>{title}</h2><ul>{''.join(f'<li>{_text(one)}</li>' for one in lines)}</ul>"
    yield '<p class="quiet">This page is for reading. What counts is the signed file beside it: '
    yield "<code>./smos drill verify FILE --key KEY</code> needs the public key alone.</p>"


def duration(seconds: float) -> str:
    """In the unit in which one would say it."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days"


def size(count: int) -> str:
    """Bytes, in the unit in which one would say it."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _moment(text: str) -> str:
    return _text(text.replace("T", " ").replace("Z", " UTC"))


def _text(value: str) -> str:
    return html.escape(value)
