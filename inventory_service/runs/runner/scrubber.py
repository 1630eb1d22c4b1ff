# SPDX-License-Identifier: Apache-2.0
"""Secrets out of what a run prints, by their values, in the encodings in which they turn up."""

import base64
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from inventory_service.core.redaction import HIDDEN, redact

#: A shorter value would hide parts of ordinary words.
SHORTEST = 6
#: Programs that write base64 break its lines after 64 or 76 characters; in what Ansible prints, the
#: break may be one of JSON, or of a list of lines.
_LINE = 64
_BREAK = r"""(?:\\[rn]|[\s",])+"""
_BREAKS = re.compile(_BREAK)
#: Without a step back, and begun only where a word begins: else the time would grow with the square
#: of a long word's length.
_WRAPPED = re.compile(
    rf"(?<![\w+/-])[\w+/-]{{{_LINE},}}+(?:{_BREAK}[\w+/-]++)++",
    re.ASCII,
)


class Scrubber:
    """Hides secret values in texts."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret for secret in secrets if len(secret) >= SHORTEST}
        forms = {form for secret in known for form in _list_forms(secret)}
        # The longest first: a shorter one may be its beginning.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._encoded = {form for secret in known for form in _list_base64(secret.encode())}

    def scrub(self, text: str) -> str:
        """Return the text without secrets, and without API tokens."""
        if self._pattern is not None:
            text = self._pattern.sub(HIDDEN, text)
        if self._encoded:
            text = _WRAPPED.sub(self._hide_wrapped, text)
        return redact(text)

    def _hide_wrapped(self, found: re.Match[str]) -> str:
        whole = _BREAKS.sub("", found[0])
        return HIDDEN if any(form in whole for form in self._encoded) else found[0]


def _list_forms(secret: str) -> Iterator[str]:
    # Ansible prints a text of several lines line by line.
    for part in {secret, *secret.splitlines()}:
        if len(part) >= SHORTEST:
            yield part
            yield json.dumps(part)[1:-1]
            yield json.dumps(part, ensure_ascii=False)[1:-1]
            yield repr(part)[1:-1]
            yield shlex.quote(part)
            yield quote(part, safe="")
            yield quote_plus(part)
            yield part.encode().hex()
    yield from _list_base64(secret.encode())


def _list_base64(raw: bytes) -> Iterator[str]:
    """Yield what of a secret is the same in base64, wherever in a longer text it begins."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            whole = encode(b"\0" * offset + raw).decode()
            # Characters that also hold bits of what is before or after it.
            begin = (0, 2, 3)[offset]
            end = len(whole) if (len(raw) + offset) % 3 == 0 else len(whole.rstrip("=")) - 1
            core = whole[begin:end]
            if len(core) >= SHORTEST:
                yield core
