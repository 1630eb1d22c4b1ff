# SPDX-License-Identifier: Apache-2.0
"""Command lines of chat (`run site limit="web-*"`), read into an intent, or refused by name."""

import difflib
import shlex
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from inventory_service.core.errors import BadInput, FieldError

MOST_CHARACTERS = 4000
#: What keyboards make of plain quotes and dashes.
_TYPOGRAPHY = str.maketrans(
    {"\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2018": "'", "\u2019": "'", "\u00a0": " "}
)


@dataclass(frozen=True)
class Command:
    """A command: its words, the options `name=value`, and the flags that it knows."""

    name: str
    about: str
    #: Names of the words that must follow.
    words: tuple[str, ...] = ()
    #: The name of further words, which are one text together; in brackets if it may be missing.
    text: str = ""
    options: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    #: Whether other options are answers to the questions of a template.
    takes_answers: bool = False

    @property
    def usage(self) -> str:
        """Return how it is written."""
        parts = [self.name, *self.words, *([self.text] if self.text else [])]
        parts += [f"[{name}=…]" for name in self.options] + [f"[{name}]" for name in self.flags]
        return " ".join(parts + (["[ANSWER=…]"] if self.takes_answers else []))


_RUN_OPTIONS = ("limit", "tags", "skip_tags", "reason")
NODE_FILTERS = ("project", "environment", "cluster", "region", "type", "state")
COMMANDS = {
    one.name: one
    for one in (
        Command("status", "the fleet at a glance"),
        Command(
            "nodes", "nodes, by the beginning of a name or by filters", (), "[NAME]", NODE_FILTERS
        ),
        Command(
            "run",
            "order a run of a template",
            ("TEMPLATE",),
            options=_RUN_OPTIONS,
            flags=("check", "diff"),
            takes_answers=True,
        ),
        Command(
            "plan",
            "show what a run would change, to be applied",
            ("TEMPLATE",),
            options=_RUN_OPTIONS,
            takes_answers=True,
        ),
        Command("apply", "order the run that applies a plan", ("PLAN",), "[REASON]"),
        Command("approve", "approve a run of somebody else", ("RUN",), "[COMMENT]", ("digest",)),
        Command("reject", "reject a run of somebody else", ("RUN",), "COMMENT", ("digest",)),
        Command("cancel", "cancel a run", ("RUN",), "[REASON]"),
        Command("runs", "the last runs", options=("template", "state")),
        Command("why", "why a run waits, failed or was lost", ("RUN",)),
        Command("link", "link this user with your account"),
        Command("whoami", "the account that this user acts for"),
        Command("help", "this list, or how a command is written", (), "[COMMAND]"),
    )
}


@dataclass(frozen=True)
class Intent:
    """What a command line asks for."""

    command: str
    words: tuple[str, ...] = ()
    text: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    answers: dict[str, str] = field(default_factory=dict)


def parse_command_line(line: str) -> Intent:
    """Return what a command line asks for; an empty one asks for help.

    :raises BadInput: a word is not understood, is missing or too much; it is named.
    """
    words = _split(line)
    if not words:
        return Intent("help")
    command = COMMANDS.get(words[0].lower())
    if command is None:
        raise _refuse(words[0], "command", COMMANDS, "Send `help` for the list.")
    return _read(command, words[1:])


def _split(line: str) -> list[str]:
    if len(line) > MOST_CHARACTERS:
        raise BadInput(f"The command has {len(line)} characters; {MOST_CHARACTERS} are allowed.")
    line = line.translate(_TYPOGRAPHY)
    strange = next((one for one in line if unicodedata.category(one) in {"Cc", "Cf", "Cs"}), None)
    if strange is not None:
        raise BadInput(
            f"The command holds U+{ord(strange):04X}, which can't be seen. Write it in one line."
        )
    try:
        return shlex.split(line)
    except ValueError:
        raise BadInput("A quote is opened and not closed. Close it, or leave it out.") from None


def _read(command: Command, words: Sequence[str]) -> Intent:
    plain, options = _part(command, words)
    flags = [word for word in plain[len(command.words) :] if word in command.flags]
    if len(set(flags)) < len(flags):
        raise BadInput(f"'{flags[0]}' is given twice.")
    if len(plain) < len(command.words):
        raise _refuse_usage(command, f"{command.words[len(plain)]} is missing")
    rest = [word for word in plain[len(command.words) :] if word not in command.flags]
    if rest and not command.text:
        known = [*command.flags, *(f"{name}=…" for name in command.options)]
        raise _refuse(rest[0], f"word of '{command.name}'", known, f"Usage: {command.usage}")
    if not rest and command.text and not command.text.startswith("["):
        raise _refuse_usage(command, f"{command.text} is missing")
    answers = {name: options.pop(name) for name in [*options] if name not in command.options}
    return Intent(
        command.name,
        tuple(plain[: len(command.words)]),
        " ".join(rest) or None,
        options,
        frozenset(flags),
        answers,
    )


def _part(command: Command, words: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Return the words of a command, and its options by name."""
    plain: list[str] = []
    options: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition("=")
        is_option = separator and name.isidentifier()
        if not is_option or not (command.options or command.takes_answers):
            plain.append(word)
        elif name not in command.options and not command.takes_answers:
            known = [f"{one}=" for one in command.options]
            raise _refuse(
                f"{name}=", f"option of '{command.name}'", known, f"Usage: {command.usage}"
            )
        elif name in options:
            raise BadInput(
                f"'{name}=' is given twice.", field_errors=[FieldError(name, "is twice")]
            )
        else:
            options[name] = value
    return plain, options


def _refuse(word: str, what: str, known: Iterable[str], step: str) -> BadInput:
    bare = word.lstrip("-\N{EN DASH}\N{EM DASH}").lower()
    near = difflib.get_close_matches(bare, [*known], n=1)
    meant = f" Did you mean '{near[0]}'?" if near else ""
    return BadInput(
        f"'{word[:64]}' is no {what}.{meant} {step}",
        field_errors=[FieldError("text", f"{word[:64]!r} is no {what}")],
    )


def _refuse_usage(command: Command, reason: str) -> BadInput:
    return BadInput(f"{reason}. Usage: {command.usage}", field_errors=[FieldError("text", reason)])
