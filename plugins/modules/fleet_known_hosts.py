# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a known_hosts file equal to the host keys that the inventory service knows."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_known_hosts
short_description: Write the SSH host keys of the fleet into a known_hosts file
version_added: 0.1.0
description:
  - Writes all host keys that the service has on record, so that SSH can check each host from its
    first connection on.
  - The file belongs to this module; lines that others wrote are removed.
  - Lines with patterns or markers, which could vouch for hosts of others, are refused, and the
    file stays as it is.
author:
  - The Quartermaster maintainers (@quartermaster)
options:
  path:
    description:
      - The file, to be named in C(UserKnownHostsFile). A leading C(~) is the home directory.
      - It is replaced as a whole, readable by its owner only.
    type: path
    default: ~/.cache/quartermaster/known_hosts
extends_documentation_fragment:
  - quartermaster.fleet.api
attributes:
  action:
    description: On the controller, as its own account, it runs without a process of its own.
    support: full
  check_mode:
    description: Can run in check mode and report what would change.
    support: full
  diff_mode:
    description: Shows the lines that change.
    support: full
"""

EXAMPLES = r"""
- name: The host keys of the fleet are known
  quartermaster.fleet.fleet_known_hosts:
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
known_hosts:
  description: The file, and how many keys it holds.
  returned: success
  type: dict
  contains:
    path:
      description: The file.
      type: str
    keys:
      description: How many keys it holds.
      type: int
  sample:
    path: /home/ops/.cache/quartermaster/known_hosts
    keys: 4
code:
  description: Why it failed, as HTTP status of the service, or V(unreachable), V(refused),
    V(unwritable).
  returned: failure
  type: str
  sample: refused
problem:
  description: The problem document of the service (RFC 9457).
  returned: failure
  type: dict
"""

import re
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.module import (
    API_OPTIONS,
    ServiceModule,
)

KNOWN_HOSTS = "/api/v1/ssh/known_hosts"
# sshd(8), SSH_KNOWN_HOSTS FILE FORMAT, without its patterns (* ? !), hashes and markers (@).
LINE = re.compile(
    r"(?:[A-Za-z0-9._:-]+|\[[A-Za-z0-9._:-]+\]:\d{1,5})"
    r"(?:,(?:[A-Za-z0-9._:-]+|\[[A-Za-z0-9._:-]+\]:\d{1,5}))*"
    r" (?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]+={0,2}"
)


class KnownHosts(ServiceModule):
    """The file with the host keys of the fleet."""

    represent = "known_hosts"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        **API_OPTIONS,
        "path": {"type": "path", "default": "~/.cache/quartermaster/known_hosts"},
    }

    def __init__(self) -> None:
        super().__init__()
        self.path = Path(self.params["path"])
        self.lines: list[str] = []

    def present(self) -> None:
        """Write the file, if it differs from what the service knows."""
        self.lines = self._fetch()
        wanted = "".join(f"{line}\n" for line in self.lines)
        current = self._read()
        if current == wanted:
            return
        self._change(self._write, wanted)
        self._show_diff(current or "", wanted, header=str(self.path))

    def _prepare_result(self) -> dict[str, t.Any]:
        return {"path": str(self.path), "keys": len(self.lines)}

    def _fetch(self) -> list[str]:
        answer = self.client.get(KNOWN_HOSTS, accept="text/plain")
        text = answer.body.decode("ascii", errors="replace")
        lines = [line for line in text.split("\n") if line and not line.startswith("#")]
        for number, line in enumerate(lines, start=1):
            if not LINE.fullmatch(line):
                raise Failure(
                    f"{self.client.url}{KNOWN_HOSTS}: line {number} is no plain host key: "
                    f"{' '.join(line.split()[:2])[:80]!r}. The file {self.path} stays as it is; "
                    "correct the node.",
                    code="refused",
                )
        return lines

    def _read(self) -> str | None:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Failure(f"{self.path}: {error.strerror}.", code="unwritable") from error

    def _write(self, text: str) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=self.path.parent, prefix=".known_hosts-", delete=False
            ) as draft:
                draft.write(text)
            Path(draft.name).replace(self.path)
        except OSError as error:
            raise Failure(
                f"{self.path}: {error.strerror}. Choose another path, or make room.",
                code="unwritable",
            ) from error


def main() -> None:
    """Write the file."""
    subject = KnownHosts()
    subject.run(subject.present)


if __name__ == "__main__":
    main()
