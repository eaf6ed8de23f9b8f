"""A container's logs: which drivers there are, and the options that each takes."""

from __future__ import annotations

import re

from sandbox.values import Props, Value

__all__ = ["LOG_DRIVERS", "log_options"]

LOG_DRIVERS = (
    "none",
    "local",
    "json-file",
    "syslog",
    "journald",
    "gelf",
    "fluentd",
    "awslogs",
    "splunk",
    "gcplogs",
)
_COMMON = {"mode", "max-buffer-size"}
_LOG_OPTIONS = {
    "json-file": {"max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag"} | _COMMON,
    "local": {"max-size", "max-file", "compress"} | _COMMON,
    "journald": {"tag", "labels", "labels-regex", "env", "env-regex"} | _COMMON,
    "none": set(),
}
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")


def log_options(value: Value, props: Props) -> bool | str:
    """The options of the driver (json-file when none is named); other drivers' options are not looked at."""
    driver = props.get("logDriver", "json-file")
    known = _LOG_OPTIONS.get(driver) if isinstance(driver, str) else None
    if known is None:
        return True
    unknown = sorted(set(value) - known)
    if unknown:
        return f"unknown log opt {unknown[0]!r} for {driver} log driver"
    if "max-size" in value and not re.fullmatch(r"-1|\d+[kmgKMG]?[bB]?", value["max-size"]):
        return f"invalid size {value['max-size']!r}"
    if "max-file" in value and not re.fullmatch(r"[1-9]\d*", value["max-file"]):
        return "max-file cannot be less than 1"
    return _compressed(str(driver), value)


def _compressed(driver: str, value: Value) -> bool | str:
    """What is compressed are rotated files, so there must be some: `local` compresses unless told not to."""
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
