# SPDX-License-Identifier: GPL-3.0-or-later
"""What would lock Ansible out is refused, or taken back by the host itself."""

from __future__ import annotations

import re
import typing as t

import pytest

pytestmark = pytest.mark.hosts

#: What must fail has no more time than it needs.
SHORT: dict[str, t.Any] = {"common_access_confirm_timeout_s": 6}
DEPLOY = """
id deploy >/dev/null 2>&1 || useradd -m deploy
install -d -m 700 -o deploy -g deploy /home/deploy/.ssh
install -m 600 -o deploy -g deploy /root/.ssh/authorized_keys /home/deploy/.ssh/
"""
BY_PASSWORD = (
    "echo deploy:pw | chpasswd; echo 'deploy ALL=(ALL:ALL) ALL' > /etc/sudoers.d/70-deploy"
)
BY_NONE = "usermod -p '!' deploy; echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/70-deploy"
AS_DEPLOY = {"ansible_user": "deploy", "ansible_become": True}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"Port": 2222}, r"would not listen at [0-9.]+ port 22 any more"),
        ({"ListenAddress": "127.0.0.1"}, r"would not listen at [0-9.]+ port 22 any more"),
        ({"AllowGroups": "ssh-users"}, r"root would be locked out: it is not in a group of"),
    ],
    ids=["port", "address", "group"],
)
def test_what_certainly_locks_ansible_out_is_refused_before_anything_changes(
    kept: t.Any, options: dict[str, t.Any], reason: str
) -> None:
    before = kept.access()

    code, output = kept.run(common_sshd_options=options)

    assert code == 2, output
    assert re.search(reason, " ".join(output.split())), output
    assert kept.access() == before
    assert not kept.is_pending()


def test_a_port_moves_when_both_listen_for_a_while(kept: t.Any) -> None:
    kept.keep(sshd_options={"Port": [22, 2222]})

    code, output = kept.run(ansible_port=2222, common_sshd_options={"Port": 2222})
    moved = [kept.comes_in(port=port) for port in (22, 2222)]
    verified = kept.run(
        ansible_port=2222, common_sshd_options={"Port": 2222}, entry_point="verify_access"
    )

    assert code == 0, output
    assert moved == [False, True]
    assert verified[0] == 0, verified[1]


def test_a_login_that_fails_is_taken_back_by_the_host(kept: t.Any) -> None:
    kept.sh(f"{DEPLOY}\n{BY_NONE}")
    before = kept.access()

    # Without PAM a locked password is a locked account: only a login shows that.
    code, output = kept.run(**AS_DEPLOY, **SHORT, common_sshd_options={"UsePAM": False})

    assert code == 2, output
    assert "rolled_back" in output
    assert "Permission denied" in output
    assert kept.access() == before
    assert kept.comes_in("deploy")


def test_a_key_that_is_not_ansibles_is_taken_back(kept: t.Any) -> None:
    before = kept.access()
    user = {"name": "root", "public_keys": [kept.public_key("other")], "only_these_keys": True}

    code, output = kept.run(**SHORT, common_users=[user])

    assert code == 2, output
    assert "rolled_back" in output
    assert kept.access() == before
    assert (kept.comes_in(), kept.comes_in(key="other")) == (True, False)


def test_a_password_of_sudo_that_is_locked_is_taken_back(kept: t.Any) -> None:
    kept.sh(f"{DEPLOY}\n{BY_PASSWORD}")
    before = kept.access()
    user = {"name": "deploy", "public_keys": [kept.public_key()]}
    come = {**AS_DEPLOY, "ansible_become_password": "pw"}

    # Long enough for an attempt of a busy machine, whose reason the message has.
    come["common_access_confirm_timeout_s"] = 20
    code, output = kept.run(**come, common_users=[user])
    again = kept.run("--check", **come)

    assert code == 2, output
    assert "rolled_back" in output
    assert "password" in output
    assert kept.access() == before
    assert again[0] == 0, again[1]


def test_what_lets_ansible_in_is_confirmed_and_a_second_run_changes_nothing(kept: t.Any) -> None:
    ada = {"name": "ada", "sudo": "yes", "public_keys": [kept.public_key("ada")], "groups": ["adm"]}
    wanted = {"common_users": [ada], "common_sshd_options": {"AllowTcpForwarding": False}}

    preview = kept.run("--check", "--diff", **wanted)
    unchanged = kept.access()
    code, output = kept.run(**wanted)
    again = kept.run(**wanted)
    verified = kept.run(**wanted, entry_point="verify_access")

    assert preview[0] == 0, preview[1]
    assert "AllowTcpForwarding no" in preview[1]
    assert "ada ALL=(ALL:ALL)" not in unchanged
    assert code == 0, output
    assert "changed=0" in again[1], again[1]
    assert verified[0] == 0, verified[1]
    assert kept.comes_in("ada", key="ada")
    assert kept.sh("sudo -u ada sudo -n id -u") == "0\n"
