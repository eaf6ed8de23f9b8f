"""What Go's net/url takes for a URL, which is all that the tls provider asks of the URIs of a certificate.

From Go 1.25, net/url/url.go: parse, getScheme, parseAuthority, parseHost, validOptionalPort, unescape; a URL is also
refused that crypto/x509 could not write (isIA5String).
"""

from __future__ import annotations

import re

__all__ = ["uri_problem"]

_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_IN_HOST = re.compile(r"[A-Za-z0-9\-_.~!$&'()*+,;=:\[\]<>\"]|%25|%[89a-fA-F][0-9a-fA-F]|[^\x00-\x7f]")
_IN_USER = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")


def uri_problem(text: str) -> str:
    """Why it is none; empty when it is one."""
    if not text.isascii() and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|/", text):
        return "it can't be written as an IA5String"
    if re.search(r"[\x00-\x1f\x7f]", text):
        return "invalid control character in URL"
    before, _, fragment = text.partition("#")
    if _ESCAPE.search(fragment):
        return "invalid URL escape"
    scheme, rest = _scheme(before)
    if scheme is None:
        return "missing protocol scheme"
    rest = rest.partition("?")[0]
    if not rest.startswith("/"):
        if scheme:
            return ""  # opaque, as in mailto:
        if ":" in rest.partition("/")[0]:
            return "first path segment in URL cannot contain colon"
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        return _authority_problem(authority) or ("invalid URL escape" if _ESCAPE.search(slash + path) else "")
    return "invalid URL escape" if _ESCAPE.search(rest) else ""


def _scheme(text: str) -> tuple[str | None, str]:
    """(scheme or nothing, what follows); no scheme at all is wrong where the text begins with its colon."""
    if text.startswith(":"):
        return None, text
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    return (found.group(1).lower(), text[found.end() :]) if found else ("", text)


def _authority_problem(authority: str) -> str:
    user, at, host = authority.rpartition("@")
    if at and (not _IN_USER.fullmatch(user) or _ESCAPE.search(user)):
        return "net/url: invalid userinfo"
    if host.startswith("["):
        inner, bracket, port = host.rpartition("]")
        if not bracket:
            return "missing ']' in host"
        host = inner.removeprefix("[").partition("%25")[0]
    else:
        host, colon, after = host.rpartition(":") if ":" in host else (host, "", "")
        port = colon + after
    if port and not re.fullmatch(r":\d*", port):
        return f"invalid port {port!r} after host"
    rest = _IN_HOST.sub("", host)
    return f"invalid character {rest[0]!r} in host name" if rest else ""
