# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leaves is out at once; keys go where sshd looks; what other files decide is refused."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator

import pytest

from tests.e2e.access.conftest import DROP_IN, STATE, SUDOERS

pytestmark = pytest.mark.hosts

FOREIGN = "/etc/ssh/sshd_config.d/00-cloud.conf"
MAIN = "/etc/ssh/sshd_config"
KEYS = "/etc/ssh/keys"


@pytest.fixture
def foreign(kept: t.Any) -> Iterator[t.Any]:
    """Return the host, whose files of others are as before when the test has ended."""
    kept.sh("cp -a /etc/ssh /root/ssh.before")
    yield kept
    kept.sh("rm -rf /etc/ssh && mv /root/ssh.before /etc/ssh")


def eve(host: t.Any, **changes: t.Any) -> dict[str, t.Any]:
    """Return a colleague with a key and sudo."""
    return {"name": "eve", "sudo": True, "public_keys": [host.public_key("eve")], **changes}


def test_who_leaves_is_out_at_once_with_all_that_runs(kept: t.Any) -> None:
    kept.keep(users=[eve(kept)])
    kept.sh("systemd-run -q --uid=eve sleep 600")
    # A shell of root that outlives the session in which she became root.
    kept.sh("systemd-run -q --unit=hers sh -c \"sudo -u eve sh -c 'sudo sleep 601 & wait'\"")
    kept.sh("until pgrep -x -u root -f 'sleep 601'; do :; done")

    result = kept.keep(users=[{"name": "eve", "state": "absent"}])

    assert result["changes"] == ["eve: removed"]
    assert not kept.comes_in("eve", key="eve")
    assert kept.sh("pgrep -f '^sleep 60' || getent passwd eve || true", check=False) == ""
    assert kept.sh(f"ls -A /home/eve/.ssh; test ! -e {SUDOERS} || grep eve {SUDOERS} || true") == ""
    assert not kept.ask(users=[{"name": "eve", "state": "absent"}])["changed"]


@pytest.mark.parametrize(
    "step",
    [
        "after:write",
        "before:run usermod",
        "after:run usermod",
        "before:run userdel",
        "after:run userdel",
    ],
)
def test_a_dismissal_killed_at_any_step_lets_nobody_in_and_is_finished(
    kept: t.Any, step: str
) -> None:
    gone = [{"name": "eve", "state": "absent"}]
    kept.keep(users=[eve(kept)])

    kept.ask(die=step, users=gone)
    rules = kept.sh(f"cat {SUDOERS}", check=False)
    kept.keep(users=gone)
    again = kept.ask(users=gone)

    assert "eve" not in rules
    assert not again["changed"], again
    assert kept.sh("getent passwd eve || true") == ""
    assert not kept.comes_in("eve", key="eve")


def test_an_empty_list_of_only_keys_takes_all_away(kept: t.Any) -> None:
    kept.keep(users=[eve(kept)])
    had = kept.comes_in("eve", key="eve")

    kept.keep(users=[eve(kept, public_keys=[], only_these_keys=True, sudo="no")])

    assert (had, kept.comes_in("eve", key="eve")) == (True, False)
    assert kept.sh("cat /home/eve/.ssh/authorized_keys") == ""
    assert kept.sh("sudo -u eve sudo -n true 2>&1 || echo refused").endswith("refused\n")


def test_keys_go_where_sshd_looks_for_them(foreign: t.Any) -> None:
    options = {"AuthorizedKeysFile": f"{KEYS}/%u"}
    refused = foreign.ask(sshd_options=options, users=[eve(foreign)])
    foreign.sh(f"mkdir {KEYS} && cp /root/.ssh/authorized_keys {KEYS}/root")

    foreign.keep(sshd_options=options, users=[eve(foreign)])

    assert "root has no valid key in /etc/ssh/keys/%u" in refused["msg"]
    assert foreign.comes_in("eve", key="eve")
    assert foreign.comes_in()
    foreign.keep(users=[{"name": "eve", "state": "absent"}])


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            f"printf 'PermitRootLogin yes\\nMaxAuthTries 10\\n' > {FOREIGN}",
            f"permitrootlogin would be yes instead of without-password for every .*{FOREIGN}:1",
        ),
        (
            f"echo 'MaxAuthTries 10' > {FOREIGN}",
            f"maxauthtries would be 10 instead of 4 .*{FOREIGN}:1",
        ),
        (
            f"printf 'Match User backup\\n  PasswordAuthentication yes\\n' >> {MAIN}",
            rf"passwordauthentication would be yes instead of no for backup .*{MAIN}:\d+ \(Match",
        ),
        (
            (
                "printf 'Match Address 10.9.0.0/16\\n  X11Forwarding yes\\n' > /etc/ssh/more;"
                f"sed -i '1i Include more' {MAIN}"
            ),
            r"x11forwarding would be yes instead of no for root from 10.9.0.1.*/etc/ssh/more:2",
        ),
        (
            f"sed -i 's/^Include/#&/' {MAIN}",
            f"add the line `Include /etc/ssh/sshd_config.d/.* at the top of {MAIN}",
        ),
        (
            f"echo 'MaxSessions many' > {MAIN}.d/50-x.conf",
            "50-x.conf line 1: MaxSessions integer value invalid",
        ),
        (f"echo 'AllowUsers deploy*' > {MAIN}.d/50-x.conf", "root would be locked out"),
    ],
    ids=["global", "first", "match", "include", "not-included", "invalid", "allow-users"],
)
def test_what_another_file_decides_is_refused_with_its_line(
    foreign: t.Any, script: str, reason: str
) -> None:
    foreign.sh(script)
    before = foreign.access()

    refused = foreign.ask(sshd_options={"LogLevel": "INFO"})

    assert refused.get("code") == "refused", refused
    assert re.search(reason, refused["msg"]), refused["msg"]
    assert foreign.access() == before


def test_a_match_block_that_is_allowed_overrides_and_any_other_one_does_not(
    foreign: t.Any,
) -> None:
    """Also where it holds for Ansible's own account, and where a file is included within it."""
    foreign.sh(
        f"printf 'X11Forwarding yes\\n' > /etc/ssh/more; cat >> {MAIN} <<'E'\n"
        "Match User backup,root\n  MaxAuthTries 9\n  Include more\n"
        "Match Address 10.9.0.0/16\n  AllowAgentForwarding yes\nE\n"
    )
    blocks = ["User backup,root", "Match  Address   10.9.0.0/16"]

    refused = [foreign.ask(allowed_matches=allowed) for allowed in ([], blocks[:1], blocks[1:])]
    done = foreign.keep(allowed_matches=blocks)

    assert [result.get("code") for result in refused] == ["refused"] * 3
    assert "allow `User backup,root` by common_sshd_allowed_matches" in refused[0]["msg"]
    assert "allowagentforwarding" in refused[1]["msg"]
    assert "maxauthtries" not in refused[1]["msg"]
    assert "maxauthtries" in refused[2]["msg"]
    assert "failed" not in done
    assert foreign.comes_in()


@pytest.mark.parametrize(
    ("users", "reason"),
    [
        ([{"name": "eve", "groups": ["docker"]}], "there is no group docker"),
        ([{"name": "eve", "shell": "/bin/zsh"}], "there is no shell /bin/zsh"),
        ([{"name": "root", "state": "absent"}], "root and the account"),
    ],
)
def test_accounts_that_cannot_be_are_refused_before_anything_changes(
    kept: t.Any, users: t.Any, reason: str
) -> None:
    before = kept.access()

    refused = kept.ask(users=users, sshd_options={"LogLevel": "INFO"})

    assert refused.get("code") == "refused", refused
    assert reason in refused["msg"]
    assert kept.access() == before


def test_who_comes_in_by_a_certificate_or_a_pattern_is_not_refused(foreign: t.Any) -> None:
    foreign.sh(
        f"echo 'AllowUsers root@10.0.0.0/8 deploy*' > {MAIN}.d/20-a.conf;"
        f"echo 'TrustedUserCAKeys /etc/ssh/ca.pub' > {MAIN}.d/30-ca.conf;"
        "cp /etc/ssh/ssh_host_ed25519_key.pub /etc/ssh/ca.pub;"
        "mv /root/.ssh/authorized_keys /root/.ssh/away"
    )

    result = foreign.ask(check=True)
    foreign.sh("mv /root/.ssh/away /root/.ssh/authorized_keys")

    assert "failed" not in result, result


def test_contents_count_and_no_time_stamps(foreign: t.Any) -> None:
    foreign.sh("touch -d 2099-01-01 /etc/ssh/sshd_config.d/10-cloud.conf")
    touched = foreign.ask()
    foreign.sh("echo '# a comment' >> /etc/ssh/sshd_config.d/10-cloud.conf")

    changed, again = foreign.keep(), foreign.ask()

    assert not touched["changed"], touched
    assert changed["changes"] == ["sshd: has not read its current settings"]
    assert not again["changed"], again


def test_a_sshd_that_a_socket_starts_needs_no_reload(kept: t.Any) -> None:
    kept.sh("systemctl stop ssh.service; systemctl start ssh.socket")
    try:
        changed = kept.keep(sshd_options={"X11Forwarding": True})
        refused = kept.ask(sshd_options={"Port": 2222})
        failed = kept.sh("systemctl is-failed ssh.service", check=False)
        let_in = kept.comes_in()
    finally:
        kept.sh("systemctl stop ssh.socket; systemctl start ssh.service")

    assert changed["changed"]
    assert "ListenStream=" in refused["msg"]
    assert (failed, let_in) == ("inactive\n", True)
    assert "X11Forwarding yes" in kept.sh(f"cat {DROP_IN}")


def test_a_users_link_leads_root_nowhere(kept: t.Any) -> None:
    kept.keep(users=[{"name": "eve"}])
    kept.sh(
        "rm -rf /home/eve/.ssh; ln -s /etc/ssh/sshd_config.d /home/eve/.ssh;"
        "chown -h eve: /home/eve/.ssh"
    )
    before = kept.access()

    failed = kept.ask(users=[eve(kept, sudo=False)])

    assert failed.get("failed"), failed
    assert kept.access() == before
    assert not kept.is_pending()
    kept.keep(users=[{"name": "eve", "state": "absent"}])


def test_nothing_of_a_trial_is_left(kept: t.Any) -> None:
    kept.keep(sshd_options={"LogLevel": "INFO"})

    assert kept.sh(f"ls -A {STATE}").split() == ["sshd.digest"]
    assert kept.sh("ls /etc/systemd/system | grep quartermaster || true") == ""
