# SPDX-License-Identifier: Apache-2.0
"""No secret is left in what a run prints, in whichever encoding it turns up."""

import base64
import json
import shlex
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory_service.core.redaction import HIDDEN
from inventory_service.runs.runner.scrubber import SHORTEST, Scrubber

#: With all that one of the encodings writes in another way.
SECRET = 'pa\'ss "wörd"/+&\\=?'
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": json.dumps,
    "json with letters": lambda text: json.dumps(text, ensure_ascii=False),
    "repr": repr,
    "shell": shlex.quote,
    "address": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "query": lambda text: urlencode({"password": text}),
    "hex": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_is_hidden_in_each_encoding(encoding: str) -> None:
    encoded = ENCODINGS[encoding](SECRET)
    text = Scrubber([SECRET]).scrub(f"before {encoded} after")
    assert HIDDEN in text
    # Quotes and padding around it may stay, and the last character of base64, of which others
    # than the secret decide.
    rest = text.removeprefix("before ").removesuffix(" after").replace(HIDDEN, "").strip("\"'=")
    assert rest == "password" or len(rest) <= encoding.startswith("base64")


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:", "ümlaut"])
@pytest.mark.parametrize("after", ["", "z", "yz", "xyz"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_hidden_wherever_it_begins_in_base64(
    encode: Callable[[bytes], bytes], before: str, after: str
) -> None:
    secret = "correct-horse?>battery"
    text = encode(f"{before}{secret}{after}".encode()).decode()
    scrubbed = Scrubber([secret]).scrub(text)
    assert HIDDEN in scrubbed
    # The characters at its ends share their bits with what is around it.
    around = (len(before.encode()) + len(after)) * 4 / 3
    assert len(scrubbed.replace(HIDDEN, "")) <= around + 6


@settings(max_examples=50)
@given(st.text(min_size=SHORTEST, max_size=40), st.data())
def test_no_text_is_hard_to_hide(secret: str, data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(["plain", "json", "repr", "shell", "address", "hex"]))
    encoded = ENCODINGS[encoding](secret)
    scrubbed = Scrubber([secret]).scrub(f"<{encoded}>")
    assert HIDDEN in scrubbed
    assert encoded.strip("\"'") not in scrubbed


def test_each_line_of_a_secret_is_hidden_alone() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\nab\n-----END KEY-----\n"
    scrubbed = Scrubber([key]).scrub('ok: [web-1] => (item="MIIEvQIBADAN")\nBgkqhkiG9w0B\n')
    assert scrubbed == f'ok: [web-1] => (item="{HIDDEN}")\n{HIDDEN}\n'


@pytest.mark.parametrize("encoding", ["plain", "json", "repr", "base64"])
def test_a_secret_of_several_lines_is_hidden_as_one(encoding: str) -> None:
    key = "first line of it\nsecond line of it\n"
    scrubbed = Scrubber([key]).scrub(ENCODINGS[encoding](key))
    assert HIDDEN in scrubbed
    assert "line" not in scrubbed


@pytest.mark.parametrize("size", [40, 60, 700])
@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\\n", '",\n        "'])
def test_a_secret_in_base64_is_hidden_although_its_lines_are_broken(
    ends: str, width: int, size: int
) -> None:
    secret = "".join(f"{number * 7919:x}" for number in range(200))[:size]
    for before in ("", "a", "ab", "password of the database = "):
        whole = base64.b64encode(f"{before}{secret}".encode()).decode()
        lines = [whole[begin : begin + width] for begin in range(0, len(whole), width)]
        scrubbed = Scrubber([secret]).scrub(f'"stdout": "{ends.join(lines)}"')
        assert HIDDEN in scrubbed
        assert not any(line in scrubbed for line in lines if len(line) >= 8)


def test_what_is_broken_like_base64_and_holds_no_secret_stays() -> None:
    text = "\n".join(["A" * 76] * 100) + " and words"
    assert Scrubber(["x" * 100]).scrub(text) == text


def test_the_longer_of_two_secrets_is_hidden_whole() -> None:
    scrubber = Scrubber(["secret", "secret-of-all", "of-all-secrets"])
    assert scrubber.scrub("secret-of-all secret") == f"{HIDDEN} {HIDDEN}"


def test_a_short_value_hides_no_ordinary_word() -> None:
    scrubber = Scrubber(["", "a", "admin", "x" * (SHORTEST - 1)])
    assert scrubber.scrub("admin makes a TASK [xxxxx]") == "admin makes a TASK [xxxxx]"
    assert Scrubber(["x" * SHORTEST]).scrub(f"[{'x' * SHORTEST}]") == f"[{HIDDEN}]"


def test_what_a_pattern_would_take_for_an_order_is_text() -> None:
    assert Scrubber([".*.*.*"]).scrub("nothing .*.*.* else") == f"nothing {HIDDEN} else"


def test_an_api_token_is_hidden_although_nobody_named_it() -> None:
    token = "qm_" + "a" * 12 + "_" + "B" * 43
    assert "B" * 43 not in Scrubber([]).scrub(f"Authorization: Bearer {token}")


@pytest.mark.parametrize("text", ["x" * 100_000, f"{'x' * 99_999}\n", ("x" * 70 + "=\n") * 1400])
def test_the_time_for_a_text_grows_with_its_length_and_no_faster(text: str) -> None:
    begun = time.process_time()
    assert Scrubber(["a-sentinel"]).scrub(text) == text
    # Where it grew with the square of the length, this took minutes.
    assert time.process_time() - begun < 5
