# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How others answer to an attempt to connect."""

from __future__ import annotations

import errno
import socket

from ansible_collections.quartermaster.fleet.plugins.modules.firewall_probe import _name, ask_all


def test_who_listens_is_open_and_who_does_not_is_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = listening.getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as gone:
            free = gone.getsockname()[1]

        answers = ask_all([("127.0.0.1", taken), ("127.0.0.1", free)], 5)

    assert answers == ["open", "closed"]


def test_an_error_of_a_firewall_is_a_refusal_and_no_answer_is_silence() -> None:
    names = {_name(code) for code in (errno.EHOSTUNREACH, errno.EACCES, errno.ENETUNREACH)}

    assert names == {"refused"}
    assert _name(errno.ETIMEDOUT) == "silent"
