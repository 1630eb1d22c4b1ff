# SPDX-License-Identifier: Apache-2.0
"""The service under systemd: sandboxed, restarted, killed, stopped, and its timers."""

import json
import re

import pytest

from tests.e2e.fleet import wait_until
from tests.e2e.operating.conftest import BACKUPS, Host
from tests.e2e.operating.page import PAGE, commands

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

SERVICE, SOCKET = "quartermaster.service", "quartermaster.socket"
UNITS = (SERVICE, "quartermaster-prune.service", "quartermaster-backup.service")
TIMERS = ("quartermaster-prune.timer", "quartermaster-backup.timer")
INVENTORY = "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9008/api/v1/inventory"
#: Asks again and again during three restarts; prints how often each client did, and failed.
RESTARTS_UNDER_LOAD = """
ask() {
    asked=0; failed=0
    while [ ! -e /run/over ]; do
        curl -sf -o /dev/null -m 60 http://127.0.0.1:9008/health/live || failed=$((failed + 1))
        asked=$((asked + 1))
    done
    echo "$asked $failed"
}
rm -f /run/over
for client in 1 2 3 4; do ask >/run/asked.$client & done
for restart in 1 2 3; do
    systemctl restart quartermaster
    for request in {1..50}; do curl -sf -o /dev/null http://127.0.0.1:9008/health/ready; done
done
touch /run/over
wait
cat /run/asked.*
"""
#: Stops the service while half of a request is sent, and sends the rest while it is stopping.
STOP_DURING_A_REQUEST = """
exec 3<>/dev/tcp/127.0.0.1/9008
printf 'POST /api/v1/projects HTTP/1.1\\r\\nHost: here\\r\\nAuthorization: Bearer {token}\\r\\n' >&3
printf 'Content-Type: application/json\\r\\nContent-Length: {length}\\r\\n\\r\\n' >&3
systemctl stop --no-block quartermaster.socket quartermaster.service
while [ "$(systemctl is-active quartermaster)" != deactivating ]; do :; done
printf '%s' '{body}' >&3
head -1 <&3
"""


def test_it_answers_once_installed_and_comes_back_at_boot(host: Host) -> None:
    assert host.call("GET", "/api/v1/tokens")["items"][0]["name"] == "admin"
    enabled = host.sh(f"systemctl is-enabled {SERVICE} {SOCKET} {' '.join(TIMERS)}").split()
    assert enabled == ["enabled"] * 4
    assert host.sh(f"systemctl is-active {' '.join(TIMERS)}").split() == ["active"] * 2


def test_systemd_finds_no_fault_in_the_units(host: Host) -> None:
    assert host.sh(f"systemd-analyze verify {' '.join((*UNITS, SOCKET, *TIMERS))} 2>&1") == ""


@pytest.mark.parametrize("unit", UNITS)
def test_the_exposure_is_what_the_page_says(host: Host, unit: str) -> None:
    told = host.sh(f"systemd-analyze --no-pager security {unit} | tail -1")
    found = re.search(r"exposure level for \S+: (\S+) OK", told)
    assert found, told
    assert f"level of {found[1]}" in PAGE.read_text("utf-8")


def test_the_sandbox_holds_the_process(host: Host) -> None:
    pid = host.show(SERVICE, "MainPID")["MainPID"]
    status = dict(line.split(":\t", 1) for line in host.sh(f"cat /proc/{pid}/status").splitlines())
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status["CapBnd"], 16) == 0
    assert status["Uid"].split()[0] == host.sh("id -u quartermaster").strip()
    inside = f"nsenter --target {pid} --mount"
    for path in ("/usr/x", "/etc/quartermaster/x", "/opt/quartermaster/x", "/var/x"):
        assert "Read-only file system" in host.sh(f"{inside} touch {path} 2>&1 || :")
    assert host.sh(f"{inside} ls /root /home") == "/home:\n\n/root:\n"
    assert host.sh(f"{inside} touch /var/lib/quartermaster/x; rm /var/lib/quartermaster/x") == ""


def test_a_restart_takes_up_new_settings(host: Host) -> None:
    assert host.sh(INVENTORY) == "401"
    with host.settings("QM_ANONYMOUS_READ=true"):
        host.sh("systemctl restart quartermaster")
        assert host.sh(INVENTORY) == "200"


def test_restarts_under_load_lose_no_request(host: Host) -> None:
    lines = [line.split() for line in host.sh(RESTARTS_UNDER_LOAD).splitlines()]
    assert len(lines) == 4
    assert all(int(asked) > 10 for asked, _ in lines)
    assert [failed for _, failed in lines] == ["0"] * 4


def test_what_could_not_start_is_named_before_a_restart(host: Host) -> None:
    pid = host.show(SERVICE, "MainPID")
    (check,) = commands("Restart and stop")
    assert "could start" in host.follow(check)
    with host.settings("QM_THREADS=many"):
        told = host.follow(f"{check.strip()} 2>&1 || :")
        assert "QM_THREADS" in told
        assert host.is_ready()
        assert host.show(SERVICE, "MainPID", "ActiveState") == {**pid, "ActiveState": "active"}


def test_a_setting_that_cannot_be_used_is_not_tried_again_and_again(host: Host) -> None:
    with host.settings("QM_THREADS=many"):
        host.sh("systemctl restart quartermaster", check=False)
        told = host.show(SERVICE, "ActiveState", "ExecMainStatus")
        assert told == {"ActiveState": "failed", "ExecMainStatus": "2"}


def test_killed_it_comes_back(host: Host) -> None:
    before = host.show(SERVICE, "MainPID")
    host.sh("systemctl kill --kill-whom main --signal KILL quartermaster")
    wait_until(
        lambda: host.show(SERVICE, "MainPID") != before and host.is_ready(), what="it comes back"
    )
    assert host.show(SERVICE, "ActiveState") == {"ActiveState": "active"}


def test_a_stop_lets_the_running_request_finish(host: Host) -> None:
    body = json.dumps({"project": "slow"})
    script = STOP_DURING_A_REQUEST.format(token=host.token, body=body, length=len(body))
    assert " 201 " in host.sh(script)
    wait_until(
        lambda: host.show(SERVICE, "ActiveState")["ActiveState"] == "inactive", what="it ends"
    )
    assert host.show(SERVICE, "Result", "ExecMainStatus") == {
        "Result": "success",
        "ExecMainStatus": "0",
    }
    host.sh("systemctl start quartermaster.socket quartermaster.service")
    # systemd waits until the service says that it listens.
    assert host.call("GET", "/api/v1/projects/slow")["project"] == "slow"


def test_a_backup_is_made_and_then_the_oldest_go(host: Host) -> None:
    host.sh("systemctl start quartermaster-backup")
    before = set(host.sh(f"ls {BACKUPS}").split())
    host.sh(f"touch -d '20 days ago' {BACKUPS}/fleet-old.sqlite")
    with host.settings("QM_DATABASE_URL=sqlite:////var/lib/quartermaster/none.sqlite"):
        assert "failed" in host.sh("systemctl start quartermaster-backup 2>&1 || :")
        assert "fleet-old.sqlite" in host.sh(f"ls {BACKUPS}"), "the last good backup is gone"
    host.sh("systemctl start quartermaster-backup")
    after = set(host.sh(f"ls {BACKUPS}").split())
    assert before < after
    (made,) = after - before
    assert re.fullmatch(r"fleet-\d{8}T\d{6}Z\.sqlite", made)
    assert host.sh(f"stat -c '%a %U' {BACKUPS}/{made}") == "600 quartermaster\n"


def test_the_other_timer_forgets_old_records(host: Host) -> None:
    host.sh("systemctl start quartermaster-prune")
    told = host.sh("journalctl --unit quartermaster-prune --output cat")
    assert "Deleted: 0 audit records" in told
