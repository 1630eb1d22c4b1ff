# SPDX-License-Identifier: GPL-3.0-or-later
"""A real host that is reached by SSH, and the part of the role common that decides who comes in."""

from __future__ import annotations

import subprocess
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import modules_on_hosts, role_on_hosts

PLAY = role_on_hosts.PLAY.format(role="common", entry_point="access")
STATE = "/var/lib/quartermaster/access"
DROP_IN = "/etc/ssh/sshd_config.d/00-quartermaster.conf"
SUDOERS = "/etc/sudoers.d/60-quartermaster"
# All that says who may come in: files with their modes, accounts with their passwords, what runs.
LIST_ACCESS = f"""
for file in /etc/ssh/sshd_config /etc/ssh/sshd_config.d/* /etc/sudoers.d/* /etc/ssh/keys/* \
    /root/.ssh/* /home/*/.ssh/* {STATE}/sshd.digest; do
  test ! -f $file || {{ stat -c '%n %a %U:%G' $file; cat $file; }}
done
cat /etc/passwd /etc/group; cut -d: -f1,2 /etc/shadow
ss -Hltn 'sport = :22 or sport = :2222' | awk '{{print $4}}' | sort
"""


@dataclass(frozen=True)
class Host:
    """A host, and who comes to it."""

    container: t.Any
    address: str
    folder: Path

    def sh(self, script: str, *, check: bool = True) -> str:
        """Return what a shell on the host prints, as from the provider's console."""
        code, output = self.container.exec_run(["sh", "-c", script])
        text = str(output.decode(errors="replace"))
        assert not check or code == 0, f"{script}: {text}"
        return text

    def access(self) -> str:
        """Return all that says who may come in."""
        return self.sh(LIST_ACCESS)

    def public_key(self, name: str = "key") -> str:
        """Return a public key of the controller, which makes it if need be."""
        return role_on_hosts.make_key(self.folder, name)

    def comes_in(self, account: str = "root", key: str = "key", port: int = 22) -> bool:
        """Return whether a fresh connection comes in."""
        words = ["-F/dev/null", "-oBatchMode=yes", "-oStrictHostKeyChecking=yes", f"-p{port}"]
        files = [f"-oUserKnownHostsFile={self.folder}/known_hosts", f"-i{self.folder / key}"]
        alias = ["-oHostKeyAlias=one", "-oIdentitiesOnly=yes", "-oConnectTimeout=10"]
        command = ["ssh", *words, *files, *alias, f"{account}@{self.address}", "true"]
        return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0

    def start(self, *words: str, **variables: t.Any) -> subprocess.Popen[str]:
        """Start the role in a session of its own."""
        connection = {"ansible_host": self.address, **role_on_hosts.connection(self.folder)}
        own = {**connection, "ansible_ssh_timeout": 5, **variables}
        return role_on_hosts.start(self.folder, PLAY, {"hosts": {"one": own}}, words)

    def run(self, *words: str, **variables: t.Any) -> tuple[int, str]:
        """Run the role; return exit status and output."""
        return role_on_hosts.finish(self.start(*words, **variables), timeout_s=240)

    def ask(self, *, die: str = "", check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """Return what the module alone says on the host, without SSH; empty if it was killed."""
        run = modules_on_hosts.run
        return run(self.container, "host_access", options, die=die, check=check)[0]

    def keep(self, **options: t.Any) -> dict[str, t.Any]:
        """Return what the module says, its trial confirmed."""
        result = self.ask(**options)
        assert "failed" not in result, result["msg"]
        if change := result["access"]["change"]:
            assert "failed" not in self.ask(state="confirmed", change=change)
        return result

    def is_pending(self) -> bool:
        """Return whether a trial waits for its confirmation."""
        return self.sh(f"test -e {STATE}/pending.json && echo yes", check=False).strip() == "yes"


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Return a host that lets root in by key; it is removed at the end."""
    folder = tmp_path_factory.mktemp("access", numbered=False)
    with role_on_hosts.making(folder, ["one"]) as (made,):
        yield Host(made.container, made.address, folder)


@pytest.fixture
def kept(host: Host) -> Host:
    """Return the host with the settings of the role, and nothing else; what a test left is gone."""
    result = host.keep()
    assert not host.is_pending(), result
    return host
