# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/operating.md, as an operator would copy them."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "operating.md"
_SECTION = re.compile(r"^#{2,3} (?P<heading>.+)\n(?P<text>(?:(?!^#{2,3} ).*\n?)*)", re.MULTILINE)
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def read_commands() -> dict[str, list[str]]:
    """Return the shell blocks of each section that has some, by its heading."""
    text = PAGE.read_text("utf-8")
    sections = {
        found["heading"]: _BLOCK.findall(found["text"]) for found in _SECTION.finditer(text)
    }
    return {heading: blocks for heading, blocks in sections.items() if blocks}


def commands(heading: str) -> list[str]:
    """Return the shell blocks of one section."""
    return read_commands()[heading]
