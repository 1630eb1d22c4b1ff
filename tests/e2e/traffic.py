# SPDX-License-Identifier: Apache-2.0
"""What became of the packets of a ping(8) that ran while something changed."""

import re


def count_packets(said: str, *, a_second: int) -> tuple[int, int]:
    """Return how many packets were to be answered, and how many of them were lost.

    `said` is what ping(8) printed, a line for each answer. Its summary counts what was on its way
    when it ended as lost, so what came before the last answer counts here, which must be one to a
    packet of the last second: `a_second` is how many are sent in that time.
    """
    answered = {int(number) for number in re.findall(r"bytes from .*icmp_seq=(\d+)", said)}
    sent = re.search(r"(\d+) packets transmitted", said)
    assert sent, said[-2000:]
    assert answered, said[-2000:]
    last = max(answered)
    assert int(sent[1]) - last <= a_second, said[-2000:]
    return last, last - len(answered)
