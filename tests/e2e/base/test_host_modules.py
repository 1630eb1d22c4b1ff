# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of the role `common` on a real host: killed at every step, and refused."""

from __future__ import annotations

import json
import typing as t

import pytest

pytestmark = pytest.mark.hosts

JOURNALD = "/etc/systemd/journald.conf.d"
RUN = "/run/quartermaster-host"
UNIT = "systemd-journald.service"
LIMIT = (
    "journalctl --boot --output=json MESSAGE_ID=ec387f577b844b8fa948f33cad9a75e6"
    " 'JOURNAL_NAME=System Journal' | tail -n 1"
)
STEPS = [
    f"before:replace {RUN}",
    f"after:replace {RUN}",
    f"after:write_new {JOURNALD}",
    f"after:replace {JOURNALD}/a.conf",
    f"after:replace {JOURNALD}/b.conf",
    f"after:remove {JOURNALD}/old.conf",
    "before:run systemctl enable",
    "after:run systemctl enable",
    "before:run systemctl restart",
    "after:run systemctl restart",
]


def make_options(size: int) -> dict[str, t.Any]:
    """Return files of journald, one of them unwanted, and units."""
    return {
        "files": [
            {"path": f"{JOURNALD}/a.conf", "content": f"[Journal]\nSystemMaxUse={size}M\n"},
            {"path": f"{JOURNALD}/b.conf", "content": f"# {size}\n", "mode": "0600"},
            {"path": f"{JOURNALD}/old.conf"},
        ],
        "units": [
            {"name": "apt-daily.timer", "enabled": True, "active": True},
            {"name": UNIT, "reads": [f"{JOURNALD}/*.conf"]},
        ],
    }


@pytest.fixture
def ready(host: t.Any) -> t.Any:
    """Return the host with other files of journald, an unwanted one, and a disabled timer."""
    host.sh(
        f"mkdir -p {JOURNALD}; echo > {JOURNALD}/old.conf; systemctl disable -q apt-daily.timer"
    )
    first = make_options(64)
    result = host.run("host_files", **{**first, "units": first["units"][1:]})
    assert "failed" not in result, result
    host.sh(f"echo > {JOURNALD}/old.conf")
    return host


@pytest.mark.parametrize("step", STEPS)
def test_a_run_killed_at_any_step_is_finished_by_the_next(ready: t.Any, step: str) -> None:
    options = make_options(96)

    ready.run("host_files", die=step, **options)
    finished, again = (ready.run("host_files", **options) for _ in range(2))

    assert "failed" not in finished, finished
    assert (again["changed"], again["changes"]) == (False, [])
    # Journald itself reports the limit that it reckons with.
    assert json.loads(ready.sh(LIMIT))["MAX_USE"] == str(96 * 1024 * 1024)
    assert ready.sh(f"ls -A {JOURNALD}").split() == ["a.conf", "b.conf"]
    assert ready.sh("systemctl is-enabled apt-daily.timer") == "enabled\n"


def test_a_preview_reports_what_the_run_then_does(ready: t.Any) -> None:
    options = make_options(128)

    preview = ready.run("host_files", check=True, **options)
    untouched = ready.sh(f"cat {JOURNALD}/*; systemctl is-enabled apt-daily.timer", check=False)
    done = ready.run("host_files", **options)

    assert preview["changes"] == done["changes"]
    assert preview["diff"] == done["diff"]
    assert "SystemMaxUse=64M" in untouched
    assert untouched.endswith("disabled\n")


def test_nothing_is_written_if_one_of_many_is_refused(ready: t.Any) -> None:
    before = ready.sh(f"ls -la --time-style=full-iso {JOURNALD}")
    options = make_options(256)
    wrong = {
        "path": "/etc/apt/apt.conf.d/60x",
        "content": "}{",
        "validate": "apt-config --config-file=%s dump",
    }
    options["files"].append(wrong)
    options["units"].append({"name": "gone.service", "enabled": True})

    refused = ready.run("host_files", **options)

    assert refused["code"] == "refused"
    assert "/etc/apt/apt.conf.d/60x is not valid: E: Syntax error" in refused["msg"]
    assert "there is no unit gone.service" in refused["msg"]
    assert ready.sh(f"ls -la --time-style=full-iso {JOURNALD}") == before


def test_a_full_disk_is_the_reason_that_is_given(ready: t.Any) -> None:
    ready.sh(
        "mkdir /mnt/full; mount -t tmpfs -o size=4k tmpfs /mnt/full;"
        " head -c 4096 /dev/zero > /mnt/full/x"
    )

    failed = ready.run("host_files", files=[{"path": "/mnt/full/y", "content": "y" * 5000}])

    ready.sh("umount /mnt/full; rmdir /mnt/full")
    assert failed["code"] == "not_written"
    assert "No space left on device" in failed["msg"]


def test_the_host_describes_itself(host: t.Any) -> None:
    found = host.run(
        "host_info", packages=["sudo", "nosuch"], units=["ssh.service", "nosuch.service"]
    )["host"]

    assert found["name"] == "alone"
    assert found["family"] == ["debian"]
    assert found["is_container"]
    assert not found["is_sysctl_writable"]
    assert found["installed"] == ["sudo"]
    assert found["units"]["ssh.service"] == {
        "is_found": True, "is_masked": False, "is_enabled": True, "is_active": True
    }  # fmt: skip
    assert not any(found["units"]["nosuch.service"].values())


def test_packages_that_would_go_are_named_and_stay(host: t.Any) -> None:
    host.sh("apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chrony 2>&1")

    refused = host.run("host_packages", names=["systemd-timesyncd"])

    assert refused["code"] == "would_remove"
    assert "apt would remove chrony" in refused["msg"]
    assert host.run("host_packages", names=["chrony"]) == {"changed": False, "changes": [],
        "invocation": {"module_args": {"names": ["chrony"], "may_remove": []}}}  # fmt: skip


def test_a_package_that_cannot_be_installed_is_named_with_the_reason(host: t.Any) -> None:
    """Its only source does not answer."""
    host.sh("mv /etc/apt /root/apt; cp -r /root/apt /etc; rm -r /var/lib/apt/lists/*")
    host.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
    host.sh("echo 'deb http://127.0.0.1:9/gone bookworm main' > /etc/apt/sources.list.d/gone.list")

    failed = host.run("host_packages", names=["hello"])

    host.sh("rm -r /etc/apt; mv /root/apt /etc/apt")
    assert failed["code"] == "not_installed"
    assert "hello could not be installed: Unable to locate package hello" in failed["msg"]
    assert "127.0.0.1" in failed["msg"]


def test_a_dead_source_beside_a_good_one_is_a_warning(host: t.Any) -> None:
    host.sh("echo 'deb http://127.0.0.1:9/gone bookworm main' > /etc/apt/sources.list.d/gone.list")

    done = host.run("host_packages", names=["hello"])

    host.sh("rm /etc/apt/sources.list.d/gone.list")
    assert done["changes"] == ["hello: installed"]
    assert "127.0.0.1" in str(done["warnings"])
