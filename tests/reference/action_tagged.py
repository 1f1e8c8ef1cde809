"""The forms between tags, for the reference parser: Hermes and Qwen XML."""

from __future__ import annotations

import re

from reference.action_values import (
    BLANKS,
    Attempt,
    Options,
    Region,
    UnreadableError,
    failed,
    judge,
    judge_object,
    read_value,
    skip_blanks,
)

THINK = r"</?think>"
Read = tuple[list[Attempt], int]
"""Attempts and where the walk goes on."""


def given_up(text: str, region: Region, options: Options, error: UnreadableError) -> Read:
    """One attempt without a value, its closing tag taken."""
    return [failed(text, region, options, error)], region.end + len(region.closing)


def read_hermes(text: str, at: int, options: Options) -> Read:
    """``<tool_call>{…}</tool_call>``."""
    start = at + len("<tool_call>")
    region = Region.find(text, start, "</tool_call>", rf"<tool_call>|{THINK}")
    try:
        value, stop, mended = read_value(text, start, region, options)
    except UnreadableError as error:
        return given_up(text, region, options, error)
    behind = Region.find(text, stop, "</tool_call>", rf"<tool_call>|{THINK}")
    if not behind.closing:
        return [judge_object(value, options, repaired=mended)], stop
    end = behind.end + len(behind.closing)
    if text[stop : behind.end].strip(BLANKS):
        return [Attempt("invalid_json")], end
    return [judge_object(value, options, repaired=mended)], end


def read_xml(text: str, at: int, options: Options) -> Read:
    """``<tool_call>`` where only XML may follow, or ``<function=…>`` alone."""
    opening = re.compile(r"<tool_call>[ \t\r\n]*").match(text, at)
    start = opening.end() if opening else at
    if text.startswith("<function=", start):
        return _xml(text, start, options)
    others = rf"<tool_call>|<function=|{THINK}"
    region = Region.find(text, start, "</tool_call>", others)
    at_end = "<function=".startswith(text[start:])
    return given_up(text, region, options, UnreadableError(at_end=at_end))


def read_tagged(text: str, at: int, options: Options) -> Read:
    """Either, by what follows ``<tool_call>``."""
    opening = re.compile(r"<tool_call>[ \t\r\n]*").match(text, at)
    rest = text[opening.end() :] if opening else "<function="
    begun = rest.startswith("<") and "<function=".startswith(rest)
    return (read_xml if rest.startswith("<function=") or begun else read_hermes)(text, at, options)


def _xml(text: str, at: int, options: Options) -> Read:
    """``<function=NAME><parameter=K>V</parameter></function>``."""
    at += len("<function=")
    try:
        name, position = _xml_name(text, at)
        arguments: dict[str, str] = {}
        repaired = False
        while True:
            position = skip_blanks(text, position)
            rest = text[position:]
            if rest.startswith("<parameter="):
                key, position = _xml_name(text, position + len("<parameter="))
                arguments[key], position, mended = _xml_value(text, position, options)
                repaired = repaired or mended
            elif rest.startswith("</function>"):
                position += len("</function>")
                break
            elif options.repair and rest.startswith("</tool_call>"):
                repaired = True
                break
            else:
                tags = ("<parameter=", "</function>")
                raise UnreadableError(at_end=any(tag.startswith(rest) for tag in tags))
    except UnreadableError as error:
        others = rf"<tool_call>|<function=|{THINK}"
        return given_up(text, Region.find(text, at, "</tool_call>", others), options, error)
    tail = re.compile(r"[ \t\r\n]*</tool_call>").match(text, position)
    end = tail.end() if tail else position
    return [judge(name, arguments, options, repaired=repaired)], end


def _xml_name(text: str, at: int) -> tuple[str, int]:
    name = re.compile(r"[^<>\n]*").match(text, at)
    end = name.end() if name else at
    if not text.startswith(">", end):
        raise UnreadableError(at_end=end == len(text))
    return text[at:end].strip(BLANKS), end + 1


def _xml_value(text: str, at: int, options: Options) -> tuple[str, int, bool]:
    """Text of a parameter, where it ends, and whether its closing tag was missing."""
    following = r"</parameter>(?=[ \t\r\n]*(?:<parameter=|</function>|</tool_call>|\Z))"
    close = re.compile(following).search(text, at)
    other = re.compile(r"<parameter=|</function>").search(text, at)
    if other is None or (close and close.start() < other.start()):
        if close is None:
            raise UnreadableError(at_end=True)
        end, resume, missing = close.start(), close.end(), False
    else:
        tags = r"<parameter=|</function>|</tool_call>|<tool_call>|<function="
        stop = re.compile(tags).search(text, at)
        if not options.repair or stop is None or stop[0] in {"<tool_call>", "<function="}:
            raise UnreadableError(at_end=True)
        end, resume, missing = stop.start(), stop.start(), True
    value = re.sub(r"\A\r?\n", "", text[at:end])
    return re.sub(r"\r?\n\Z", "", value), resume, missing
