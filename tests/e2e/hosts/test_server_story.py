# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The story of one server: each verb in check mode, for real, and once more."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest

from tests.hosts import commands

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


@pytest.fixture
def made(lab: t.Any, key: Path) -> t.Any:
    """Return the server of this file, made by the first test that wants it."""
    return lab.make("one", ssh_public_keys=[key.with_suffix(".pub").read_text()]).server


def ssh(
    made: t.Any, key: Path, known_hosts: Path, *command: str
) -> subprocess.CompletedProcess[str]:
    """Run a command on the server, with strict host key checking."""
    lines = [f"{made['internal_ip']} {host_key}\n" for host_key in made["ssh_host_keys"]]
    known_hosts.write_text("".join(lines))
    options = [
        "-oStrictHostKeyChecking=yes",
        f"-oUserKnownHostsFile={known_hosts}",
        "-oIdentitiesOnly=yes",
        "-oBatchMode=yes",
    ]
    return subprocess.run(
        ["ssh", "-F/dev/null", *options, "-i", key, f"root@{made['internal_ip']}", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_check_mode_makes_nothing_and_tells_what_would_be(lab: t.Any) -> None:
    answer = lab.make("preview", check_mode=True, diff=True)

    assert answer.changed
    assert answer.server["status"] == "running"
    assert answer.result["diff"]["before"] == {}
    assert answer.result["diff"]["after"]["spec"] == "s-1vcpu-512mb"
    assert "preview" not in lab.list_names()


def test_a_preview_tells_the_address_that_the_server_gets(lab: t.Any) -> None:
    told = lab.make("addressed", check_mode=True).server["internal_ip"]

    assert lab.make("addressed").server["internal_ip"] == told


def test_a_second_run_changes_nothing(lab: t.Any, made: t.Any) -> None:
    answer = lab.make("one", diff=True)

    assert not answer.changed
    assert "diff" not in answer.result
    assert answer.server == made


def test_ownership_is_on_the_container(lab: t.Any, made: t.Any) -> None:
    labels = lab.inspect("one")["Config"]["Labels"]
    of_image = lab.client.images.get(lab.image).labels

    assert labels == {
        **of_image,
        "quartermaster.owner": "tests",
        "quartermaster.name": "one",
        "quartermaster.network": lab.network,
        "quartermaster.spec": "s-1vcpu-512mb",
        "quartermaster.labels": "",
    }
    assert made["labels"] == {}
    assert made["owner"] == "tests"


def test_ssh_comes_in_under_the_returned_host_keys(made: t.Any, key: Path, tmp_path: Path) -> None:
    answer = ssh(made, key, tmp_path / "known_hosts", "hostname")

    assert answer.stdout == "one\n", answer.stderr


def test_the_whole_system_came_up(lab: t.Any, made: t.Any) -> None:
    container = lab.client.containers.get(made["provider_id"])

    state = commands.run(container, ["systemctl", "is-system-running", "--wait"])
    assert state.output == "running\n"


def test_no_two_servers_share_host_keys(lab: t.Any, made: t.Any) -> None:
    other = lab.make("addressed").server

    assert len(made["ssh_host_keys"]) == 3
    assert not set(other["ssh_host_keys"]) & set(made["ssh_host_keys"])


def test_a_resize_happens_in_place(lab: t.Any, made: t.Any) -> None:
    preview = lab.make("one", spec="s-4vcpu-1gb", check_mode=True, diff=True)
    assert preview.changed
    assert lab.inspect("one")["HostConfig"]["Memory"] == 512 * 1024**2

    answer = lab.make("one", spec="s-4vcpu-1gb", diff=True)
    again = lab.make("one", spec="s-4vcpu-1gb")

    assert preview.result["diff"] == answer.result["diff"]
    assert (answer.server["spec"], again.changed) == ("s-4vcpu-1gb", False)
    assert answer.server["provider_id"] == made["provider_id"]
    limits = commands.run_script(
        lab.client.containers.get(made["provider_id"]),
        "cat /sys/fs/cgroup/memory/memory.limit_in_bytes || cat /sys/fs/cgroup/memory.max",
    )
    assert int(limits.output.split()[-1]) == 1024**3


def test_a_server_shrinks_again(lab: t.Any, made: t.Any) -> None:
    answer = lab.make("one", spec="s-1vcpu-512mb")

    assert answer.server["spec"] == "s-1vcpu-512mb"
    assert answer.server["provider_id"] == made["provider_id"]


def test_stopped_and_started_keep_address_and_host_keys(lab: t.Any, made: t.Any) -> None:
    preview = lab.run(name="one", state="stopped", check_mode=True)
    assert (preview.changed, lab.inspect("one")["State"]["Running"]) == (True, True)

    stopped = lab.run(name="one", state="stopped")
    assert stopped.server == {**made, "status": "stopped"}
    assert not lab.run(name="one", state="stopped").changed
    assert not lab.run(name="one", state="present").changed

    started = lab.run(name="one", state="started")
    assert (started.changed, started.server) == (True, made)
    assert not lab.run(name="one", state="started").changed


def test_a_server_survives_a_reboot_from_inside(
    lab: t.Any, made: t.Any, key: Path, tmp_path: Path
) -> None:
    before = lab.inspect("one")["State"]["StartedAt"]

    ssh(made, key, tmp_path / "known_hosts", "systemctl", "reboot")
    lab.client.api.wait(made["provider_id"], timeout=60, condition="next-exit")
    answer = lab.run(name="one", state="started")

    assert answer.server == made
    assert lab.inspect("one")["State"]["StartedAt"] > before


def test_a_new_server_may_be_asked_for_stopped(lab: t.Any) -> None:
    answer = lab.make("asleep", state="stopped")

    assert (answer.server["status"], len(answer.server["ssh_host_keys"])) == ("stopped", 3)


def test_servers_are_listed_with_all_they_have(lab: t.Any, made: t.Any) -> None:
    listed = lab.run("server_info").result["servers"]

    assert [server["name"] for server in listed] == sorted(server["name"] for server in listed)
    assert made in listed
    assert lab.run("server_info", name="one").result["servers"] == [made]
    assert lab.run("server_info", name="nobody").result["servers"] == []
    assert lab.run("server_info", owner="somebody-else").result["servers"] == []


def test_absent_removes_the_server_and_its_volumes(lab: t.Any) -> None:
    labels = {"quartermaster.owner": "tests", "quartermaster.name": "heavy"}
    lab.client.containers.create(
        lab.image,
        name=f"{lab.network}.heavy",
        labels=labels,
        volumes=["/data"],
        network=lab.network,
    )
    volume = lab.inspect("heavy")["Mounts"][0]["Name"]

    preview = lab.run(name="heavy", state="absent", check_mode=True, diff=True)
    assert (preview.changed, preview.server, preview.result["diff"]["after"]) == (True, None, {})
    assert "heavy" in lab.list_names()

    assert lab.run(name="heavy", state="absent").changed
    assert not lab.run(name="heavy", state="absent").changed
    assert "heavy" not in lab.list_names()
    assert volume not in [found.name for found in lab.client.volumes.list()]
