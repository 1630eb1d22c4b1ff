# SPDX-License-Identifier: GPL-3.0-or-later
"""The role `common` on a real host, chapter by chapter, with what hosts bring along."""

from __future__ import annotations

import typing as t

import pytest

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

#: Entries of the role in a run that changes nothing, and those that reach the host. Each costs the
#: controller a part of a second a host in every run: lower them where you can.
ENTRIES_MAX, TO_HOST_MAX = 9, 3
JOURNALD = "/etc/systemd/journald.conf.d"
UPGRADES = "/etc/apt/apt.conf.d/60quartermaster-upgrades"
STATE = (
    "{ find /etc /root /home /usr /var/lib/dpkg -xdev -type f -not -name '*.pyc' -print0"
    " | sort -z | xargs -0 sha256sum; } | sha256sum"
)
DEAD = "deb [trusted=yes] http://127.0.0.1:9/gone bookworm main"
TIMERS = "apt-daily.timer apt-daily-upgrade.timer"
HARMS = {
    f"echo '// x' >> {UPGRADES}": f"{UPGRADES}: written (other content)",
    f"chmod 700 {JOURNALD}": "folder: mode 0700 → 0755",
    "systemctl stop apt-daily.timer": "apt-daily.timer: started",
    "systemctl disable systemd-timesyncd": "systemd-timesyncd.service: enabled",
    f"printf '[Journal]\\nSystemMaxUse=77M\\n' > {JOURNALD}/zz.conf": (
        "systemd-journald.service: restarted, for it had not read its files"
    ),
}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ada"
INTERRUPTED = "dpkg-query --status sudo > /var/lib/dpkg/updates/0001"


def test_a_preview_of_a_fresh_host_changes_nothing(host: t.Any) -> None:
    """Not even python3-apt is installed, which Ansible's own module for apt needs."""
    host.sh("dpkg --remove --force-depends python3-apt 2>&1")
    host.sh(INTERRUPTED)
    before = host.sh(STATE)

    preview = host.play("--check", "--diff")

    assert preview.code == 0, preview.output
    assert "+unattended-upgrades" in preview.output
    assert "SystemMaxUse=500M" in preview.output
    assert host.sh(STATE) == before


def test_a_run_finishes_an_interrupted_installation_first(host: t.Any) -> None:
    done = host.play()

    assert done.code == 0, done.output
    assert host.sh("ls /var/lib/dpkg/updates") == ""
    assert "interrupted" not in host.sh("apt-get --simulate install sudo 2>&1")
    assert host.play(entry="verify").code == 0


def test_a_second_run_changes_nothing_and_asks_the_host_little(host: t.Any) -> None:
    """Times of files are no evidence, and a dead source of packages stops no other host."""
    host.sh(f"touch -d '+1 year' {JOURNALD}/quartermaster.conf {JOURNALD} {UPGRADES}")
    host.sh(
        f"echo '{DEAD}' > /etc/apt/sources.list.d/gone.list; touch -d -2days /var/lib/apt/lists"
    )

    again = host.play()

    host.sh("rm /etc/apt/sources.list.d/gone.list")
    assert (again.code, again.changed) == (0, 0), again.output
    assert again.counts[0] <= ENTRIES_MAX
    assert again.counts[1] <= TO_HOST_MAX


def test_a_host_without_sudo_gets_it_before_its_accounts_are_made(host: t.Any) -> None:
    host.sh("SUDO_FORCE_REMOVE=yes dpkg --purge --force-depends sudo 2>&1; rm -f /etc/sudoers.d/*")
    user = {"name": "ada", "sudo": True, "public_keys": [KEY]}
    before = host.sh(STATE)

    preview = host.play("--check", common_users=[user])
    unchanged = host.sh(STATE)
    done, again = host.play(common_users=[user]), host.play(common_users=[user])

    assert preview.code == 0, preview.output
    assert unchanged == before
    assert (done.code, again.code, again.changed) == (0, 0, 0), done.output + again.output
    assert "NOPASSWD" in host.sh("sudo -l -U ada")


def test_a_text_that_means_no_is_no_and_leaves_masked_timers_alone(host: t.Any) -> None:
    host.sh(f"systemctl mask --now {TIMERS}")

    done = host.play(common_upgrades_enabled="no", common_upgrades_reboot="false")

    assert done.code == 0, done.output
    settings = host.sh("apt-config dump")
    assert 'Automatic-Reboot "false"' in settings
    assert 'APT::Periodic::Unattended-Upgrade "0"' in settings


def test_every_fault_of_variables_and_host_is_named_at_once(host: t.Any) -> None:
    refused = host.play(
        common_hostname="a b", common_time_servers=["x y"], common_sysctl={"../passwd": 1}
    )

    host.sh(f"systemctl unmask {TIMERS}")
    assert (refused.code, refused.changed) == (2, 0)
    for name in ("common_hostname", "common_time_servers", "common_sysctl"):
        assert f"{name}: " in refused.text
    for timer in TIMERS.split():
        assert f"{timer} is masked on this host: run `systemctl unmask {timer}`" in refused.text
    assert "set common_upgrades_enabled to false" in refused.text


def test_verify_reports_each_difference_in_a_sentence(host: t.Any) -> None:
    """What journald has not read is found by content: it was written by somebody else, later."""
    host.play()
    for harm in HARMS:
        host.sh(harm)

    found = host.play(entry="verify")
    done = host.play()

    assert found.code == 2
    for sentence in HARMS.values():
        assert sentence in found.text, found.output
    assert (done.code, done.changed) == (0, 1)


def test_verify_names_a_setting_that_another_file_overrides(host: t.Any) -> None:
    host.sh("echo 'Unattended-Upgrade::Automatic-Reboot \"true\";' > /etc/apt/apt.conf.d/99x")

    found = host.play(entry="verify")

    host.sh(f"rm /etc/apt/apt.conf.d/99x {JOURNALD}/zz.conf")
    assert found.code == 2
    assert 'not in force: Unattended-Upgrade::Automatic-Reboot "false"' in found.text.replace(
        "\\", ""
    )
    assert "journald reckons with 80740352 bytes, wanted are 524288000 (500M)" in found.text


def test_a_time_service_that_is_installed_stays(host: t.Any) -> None:
    host.sh("apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chrony 2>&1")

    done = host.play()

    assert done.code == 0, done.output
    listed = host.sh("dpkg --get-selections chrony systemd-timesyncd | grep -w install")
    assert listed.split() == ["chrony", "install"]


def test_a_time_service_is_replaced_by_one_that_is_named(host: t.Any) -> None:
    done = host.play(common_time_service="systemd-timesyncd")

    assert done.code == 0, done.output
    assert "chrony conflicted with systemd-timesyncd and was removed" in done.text
    assert host.sh("systemctl is-enabled systemd-timesyncd") == "enabled\n"
