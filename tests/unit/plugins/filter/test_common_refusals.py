# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role common refuses, by a table of variables and hosts."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.quartermaster.fleet.plugins.filter.common_refusals import (
    FilterModule,
    common_refusals,
)

GOOD: dict[str, t.Any] = {
    "common_hostname": "web-1.example.org",
    "common_journald_max_use": "500M",
    "common_journald_max_retention": "30day",
    "common_upgrades_reboot_time": "02:00",
    "common_upgrades_origins": ["origin=Debian,codename=${distro_codename}-security"],
    "common_upgrades_blocked_packages": ["linux-image-amd64", "libc6$", "^nvidia-.*"],
    "common_time_servers": ["ntp.example.org", "192.0.2.1", "2001:db8::1"],
    "common_sysctl": {"net.ipv4.tcp_syncookies": 1, "net/ipv4/conf/eth0.5/rp_filter": "2"},
}
UNIT = {"is_found": True, "is_masked": False, "is_enabled": True, "is_active": True}
HOST: dict[str, t.Any] = {
    "name": "web-1.example.org",
    "distribution": "Ubuntu 24.04",
    "family": ["ubuntu", "debian"],
    "is_container": True,
    "units": {"apt-daily.timer": UNIT, "chrony.service": UNIT},
}
UNITS = {"apt-daily.timer": "set common_upgrades_enabled to false"}


def refuse(
    variables: t.Any = None, host: t.Any = None, service: str = "chrony", units: t.Any = None
) -> list[str]:
    return common_refusals(
        {**GOOD, **(variables or {})},
        {**HOST, **(host or {})},
        service,
        UNITS if units is None else units,
    )


def test_good_variables_on_a_good_host_have_no_refusals() -> None:
    assert refuse() == []


@pytest.mark.parametrize("value", ["h", "H-1", "a.b", "a" * 63, "1"])
def test_names_of_hosts_that_are_taken(value: str) -> None:
    assert refuse({"common_hostname": value}, {"name": value}) == []


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("common_hostname", "-a", "a host name"),
        ("common_hostname", "a_b", "a host name"),
        ("common_hostname", "a.", "a host name"),
        ("common_hostname", "a\n", "a host name"),
        ("common_hostname", "a" * 64, "a host name"),
        ("common_journald_max_use", "500", "a size"),
        ("common_journald_max_use", "0M", "a size"),
        ("common_journald_max_use", "5M\nStorage=none", "a size"),
        ("common_journald_max_retention", "30 days", "a time span"),
        ("common_journald_max_retention", "day", "a time span"),
        ("common_upgrades_reboot_time", "24:00", "a time of day"),
        ("common_upgrades_reboot_time", "2:00", "a time of day"),
        ("common_upgrades_reboot_time", 120, "a time of day"),
        ("common_upgrades_origins", ['a"b'], "without quotes"),
        ("common_upgrades_origins", ["a\nb"], "without quotes"),
        ("common_upgrades_blocked_packages", ["Linux"], "package names"),
        ("common_time_servers", ["a b"], "host names and addresses"),
        ("common_time_servers", ["-x"], "host names and addresses"),
        ("common_sysctl", {"kernel": 1}, "kernel settings"),
        ("common_sysctl", {"a/../../etc/passwd": 1}, "kernel settings"),
        ("common_sysctl", {"a.b": "1\n2"}, "values of one line"),
    ],
)
def test_a_wrong_value_gives_its_variable_and_what_it_takes(
    name: str, value: t.Any, reason: str
) -> None:
    found = [text for text in refuse({name: value}) if text.startswith(f"{name}: ")]

    assert reason in found[0]


@pytest.mark.parametrize(("length", "count"), [(64, 0), (65, 1)])
def test_a_host_name_is_as_long_as_linux_takes(length: int, count: int) -> None:
    name = ("a" * 32 + "." + "b" * 63)[:length]

    assert len(refuse({"common_hostname": name}, {"name": name})) == count


def test_only_the_wrong_entries_of_a_list_are_named() -> None:
    (found,) = refuse({"common_time_servers": ["good", "b d", "e f"]})

    assert found.startswith('common_time_servers: ["b d", "e f"] is refused')


@pytest.mark.parametrize(
    ("host", "count"),
    [
        ({"name": "elsewhere"}, 1),
        ({"name": "elsewhere", "is_container": False}, 0),
        ({"family": ["fedora"]}, 1),
        ({"family": ["debian"]}, 0),
        ({"units": {"apt-daily.timer": {**UNIT, "is_masked": True}}}, 1),
        ({"units": {"chrony.service": {**UNIT, "is_masked": True}}}, 0),
        ({"units": {}}, 0),
    ],
)
def test_a_host_that_cannot_have_it(host: t.Any, count: int) -> None:
    assert len(refuse(host=host)) == count


def test_a_masked_unit_is_named_with_both_ways_out() -> None:
    (found,) = refuse(host={"units": {"apt-daily.timer": {**UNIT, "is_masked": True}}})

    assert "systemctl unmask apt-daily.timer" in found
    assert "set common_upgrades_enabled to false" in found


@pytest.mark.parametrize(
    ("service", "servers", "count"),
    [
        ("ntpsec", ["a"], 1),
        ("ntpsec", [], 0),
        ("chrony", ["a"], 0),
        ("systemd-timesyncd", ["a"], 0),
    ],
)
def test_servers_for_a_service_that_is_not_configured(
    service: str, servers: list[str], count: int
) -> None:
    found = refuse({"common_time_servers": servers}, service=service)

    assert len([text for text in found if "ntpsec keeps the clock" in text]) == count


def test_every_fault_is_named_at_once() -> None:
    wrong = {"common_hostname": "a b", "common_journald_max_use": "much", "common_sysctl": {"x": 1}}

    assert len(refuse(wrong, {"name": "a b", "family": ["arch"]})) == 4


def test_only_dictionaries_are_taken() -> None:
    with pytest.raises(AnsibleFilterError, match="expected the role's variables"):
        common_refusals(t.cast("t.Any", ["x"]), HOST, "chrony", {})


def test_the_filter_has_its_name() -> None:
    assert set(FilterModule().filters()) == {"common_refusals"}
