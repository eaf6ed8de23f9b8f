"""A container's logs: which drivers there are, and the options that each takes.

From moby 28.5.2: daemon/logger/factory.go (ValidateLogOpts) and each driver's ValidateLogOpt and New.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sandbox.core.values import Props, Value

__all__ = ["LOG_DRIVERS", "log_options"]

_ATTRIBUTES = ("tag", "labels", "labels-regex", "env", "env-regex")
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "json-file": (*_ATTRIBUTES, "max-size", "max-file", "compress"),
    "local": ("max-size", "max-file", "compress"),
    "journald": _ATTRIBUTES,
    "syslog": (
        *_ATTRIBUTES,
        *("syslog-address", "syslog-facility", "syslog-format", "syslog-tls-ca-cert", "syslog-tls-cert"),
        *("syslog-tls-key", "syslog-tls-skip-verify"),
    ),
    "gelf": (
        *_ATTRIBUTES,
        *("gelf-address", "gelf-compression-level", "gelf-compression-type", "gelf-tcp-max-reconnect"),
        "gelf-tcp-reconnect-delay",
    ),
    "fluentd": (
        *_ATTRIBUTES,
        *("fluentd-address", "fluentd-async", "fluentd-async-reconnect-interval", "fluentd-buffer-limit"),
        *("fluentd-max-retries", "fluentd-request-ack", "fluentd-retry-wait", "fluentd-sub-second-precision"),
        *("fluentd-read-timeout", "fluentd-write-timeout"),
    ),
    "awslogs": (
        *("awslogs-group", "awslogs-stream", "awslogs-region", "awslogs-create-group", "awslogs-create-stream"),
        *("awslogs-datetime-format", "awslogs-multiline-pattern", "awslogs-credentials-endpoint", "awslogs-format"),
        *("awslogs-force-flush-interval-seconds", "awslogs-max-buffered-events", "awslogs-endpoint", "tag"),
    ),
    "gcplogs": (
        *_ATTRIBUTES[1:],
        *("gcp-project", "gcp-log-cmd", "gcp-meta-zone", "gcp-meta-name", "gcp-meta-id"),
    ),
}
LOG_DRIVERS = ("none", *_OPTIONS)
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")
_FACILITIES = frozenset(
    [
        "kern",
        "user",
        "mail",
        "daemon",
        "auth",
        "syslog",
        "lpr",
        "news",
        "uucp",
        "cron",
        "authpriv",
        "ftp",
        "local0",
        "local1",
        "local2",
        "local3",
        "local4",
        "local5",
        "local6",
        "local7",
    ]
)
_SYSLOG_FORMATS = ("", "rfc3164", "rfc5424", "rfc5424micro")


def log_options(value: Value, props: Props) -> bool | str:
    """The options of the driver (json-file when none is named)."""
    driver = props.get("logDriver", "json-file")
    if driver == "none" or driver not in _OPTIONS:
        return True  # of `none` nobody reads any; an unknown driver is refused as such
    own = {name: text for name, text in value.items() if name not in ("mode", "max-buffer-size")}
    unknown = sorted(set(own) - set(_OPTIONS[driver]))
    if unknown:
        return f"unknown log opt {unknown[0]!r} for {driver} log driver"
    for test in (_mode, _attributes, _FORMS.get(driver, _no_more)):
        answer = test(value)
        if answer is not True:
            return answer
    return _compressed(str(driver), own)


def _no_more(_: Value) -> bool | str:
    return True


def _mode(value: Value) -> bool | str:
    mode = value.get("mode", "")
    if mode not in ("", "blocking", "non-blocking"):
        return f"logging mode not supported: {mode}"
    size = value.get("max-buffer-size")
    if size is not None and mode != "non-blocking":
        return "max-buffer-size option is only supported with 'mode=non-blocking'"
    return size is None or _is_size(size) or f"error parsing option max-buffer-size: {size!r}"


def _attributes(value: Value) -> bool | str:
    for name in ("labels-regex", "env-regex"):
        try:
            re.compile(value.get(name, ""))
        except re.error as error:
            return f"error parsing regexp: {error}"
    tag = value.get("tag", "")
    return tag.count("{{") == tag.count("}}") or f"template: log-tag: unclosed action in {tag!r}"


def _is_size(text: str) -> bool:
    """Whether a text is a size, as docker/go-units reads it (FromHumanSize, RAMInBytes)."""
    return re.fullmatch(r"\d+(\.\d+)? ?([kKmMgGtTpP]?[iI]?[bB]?)", text) is not None


def _files(value: Value) -> bool | str:
    size, count = value.get("max-size"), value.get("max-file")
    if size is not None and size != "-1" and not _is_size(size):
        return f"invalid size {size!r}"
    return count is None or re.fullmatch(r"[1-9]\d*", count) is not None or "max-file cannot be less than 1"


def _syslog(value: Value) -> bool | str:
    address, facility = value.get("syslog-address", ""), value.get("syslog-facility", "daemon")
    if address and not re.fullmatch(r"(tcp|udp|tcp\+tls)://[^/\s]+|unix(gram)?:///\S+", address):
        return f"syslog-address should be in form proto://address, got {address}"
    if facility not in _FACILITIES and not (facility.isdigit() and int(facility) <= 23):
        return "invalid syslog facility"
    return value.get("syslog-format", "") in _SYSLOG_FORMATS or "invalid syslog format"


def _gelf(value: Value) -> bool | str:
    address = value.get("gelf-address", "")
    found = re.fullmatch(r"(udp|tcp)://[^/:\s]+:\d+", address)
    if not found:
        return "gelf-address is a required parameter, in form proto://address:port"
    of = {"udp": ("gelf-compression-level", "gelf-compression-type"), "tcp": ("gelf-tcp-max-reconnect",)}
    for protocol, names in of.items():
        if protocol != found[1] and any(name in value for name in names):
            return f"{', '.join(names)}: only with {protocol}"
    if value.get("gelf-compression-type", "gzip") not in ("gzip", "zlib", "none"):
        return "unknown value for gelf-compression-type"
    level = value.get("gelf-compression-level", "1")
    return re.fullmatch(r"-1|[0-9]", level) is not None or "unknown value for gelf-compression-level"


def _fluentd(value: Value) -> bool | str:
    for name in ("fluentd-async", "fluentd-request-ack", "fluentd-sub-second-precision"):
        if value.get(name, "true") not in _TRUE + _FALSE:
            return f"invalid boolean value for {name}"
    if not value.get("fluentd-max-retries", "1").isdigit():
        return "fluentd-max-retries: invalid syntax"
    limit = value.get("fluentd-buffer-limit", "1m")
    return _is_size(limit) or f"fluentd-buffer-limit: invalid size {limit!r}"


def _awslogs(value: Value) -> bool | str:
    if not value.get("awslogs-group"):
        return "must specify a value for log opt 'awslogs-group'"
    if "awslogs-datetime-format" in value and "awslogs-multiline-pattern" in value:
        return "you cannot configure awslogs-datetime-format and awslogs-multiline-pattern at the same time"
    for name in ("awslogs-force-flush-interval-seconds", "awslogs-max-buffered-events"):
        if not re.fullmatch(r"[1-9]\d*", value.get(name, "1")):
            return f"must specify a positive integer for log opt {name}"
    return True


_FORMS: Mapping[str, Callable[[Value], bool | str]] = {
    "json-file": _files,
    "local": _files,
    "syslog": _syslog,
    "gelf": _gelf,
    "fluentd": _fluentd,
    "awslogs": _awslogs,
}


def _compressed(driver: str, value: Value) -> bool | str:
    """What is compressed are rotated files, so there must be some: `local` compresses unless told not to."""
    if driver not in ("local", "json-file"):
        return True
    given = value.get("compress", "true" if driver == "local" else "false")
    if given not in _TRUE + _FALSE:
        return f"invalid boolean value for compress: {given!r}"
    if given in _FALSE:
        return True
    if driver == "local" and value.get("max-file") == "1":
        return 'compression cannot be enabled when max file count is 1 (set compress "false", or max-file "2")'
    if driver == "json-file" and (value.get("max-file", "1") == "1" or value.get("max-size", "-1") == "-1"):
        return "compress cannot be true when max-file is less than 2 or max-size is not set"
    return True
