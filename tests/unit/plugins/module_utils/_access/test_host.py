# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a host that changes who may log in, in which order, and what takes it back."""

from __future__ import annotations

import contextlib
import typing as t
from types import SimpleNamespace

import pytest
from ansible_collections.quartermaster.fleet.plugins.module_utils._access import host as _host
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import Failure

if t.TYPE_CHECKING:
    from pathlib import Path

OURS = ("RUN", "DIGEST", "PROGRAM", "SCRIPT", "UNIT", "WANTED_BY", "PID_FILE")


class Host(_host.Host):
    """A host whose programs answer as the test says; it keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, str, str]] = {}
        self.programs = {"loginctl"}
        self.failing = ""

    def has(self, program: str) -> bool:
        return program in self.programs

    def call(self, *command: str, data: str | None = None) -> tuple[int, str, str]:
        words = " ".join(command)
        self.asked.append(words if data is None else f"{words} < {data}")
        return next((it for key, it in self.answers.items() if key in words), (0, "", ""))

    def run(self, *command: str, data: str | None = None) -> str:
        return self.call(*command, data=data)[1]

    def begin(self, connection: str | None, **_details: t.Any) -> str:
        self.asked.append(f"begin {connection}")
        return "trial"

    def arm(self, timeout_s: int) -> None:
        self.asked.append(f"arm {timeout_s}")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    for name in OURS:
        folder = tmp_path if name in ("UNIT", "WANTED_BY", "PID_FILE") else tmp_path / "run"
        path = tmp_path / "run" if name == "RUN" else folder / name.lower()
        monkeypatch.setattr(_host, name, path)
    (tmp_path / "run").mkdir(mode=0o700)
    tmp_path.chmod(0o700)
    # Whoever runs the tests has the files of this host.
    monkeypatch.setattr(_host.restoring, "acting_as", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(_host.TrialHost, "settle", lambda host: host.asked.append("settle"))
    return Host()


def make_plan(**parts: t.Any) -> t.Any:
    empty: dict[str, t.Any] = {
        **dict.fromkeys(("leaver_files", "leavers", "writes", "modified", "created"), ()),
        "reloads_sshd": False,
        "has_socket": False,
        "digest": "digest",
    }
    return SimpleNamespace(**{**empty, **parts})


@pytest.mark.parametrize(
    ("service", "socket", "uses_socket"),
    [
        ("active", "inactive", False),
        ("reloading", "inactive", False),
        ("inactive", "active", True),
        ("active", "active", True),
        ("failed", "inactive", None),
    ],
)
def test_who_listens_for_sshd_is_known_by_its_units(
    host: Host, service: str, socket: str, *, uses_socket: bool | None
) -> None:
    host.answers = {"ssh.service": (0, f"{service}\n", ""), "ssh.socket": (0, f"{socket}\n", "")}

    if uses_socket is None:
        with pytest.raises(Failure, match="systemctl enable --now ssh"):
            host.uses_socket()
    else:
        assert host.uses_socket() is uses_socket


@pytest.mark.parametrize(
    ("answer", "words"),
    [((0, "ok", ""), None), ((1, "", "syntax"), "syntax"), ((1, "line 1", ""), "line 1")],
)
def test_rules_are_read_by_visudo_before_they_are_written(
    host: Host, answer: tuple[int, str, str], words: str | None
) -> None:
    host.answers = {"visudo": answer}

    if words is None:
        host.check_rules("ops ALL")
    else:
        with pytest.raises(Failure, match=f"sudo rules refused: {words}"):
            host.check_rules("ops ALL")
    assert host.asked == ["visudo -cf - < ops ALL"]


@pytest.mark.parametrize("has_loginctl", [True, False])
def test_who_leaves_is_locked_ended_and_removed_in_this_order(
    host: Host, monkeypatch: pytest.MonkeyPatch, *, has_loginctl: bool
) -> None:
    host.programs = {"loginctl"} if has_loginctl else set()
    monkeypatch.setattr(host, "write", lambda write: host.asked.append(f"write {write}"))
    monkeypatch.setattr(
        _host.processes, "end_all", lambda uid: host.asked.append(f"end {uid}") or 1
    )
    leavers = [SimpleNamespace(name="ops", uid=1001)]

    host.dismiss(make_plan(leaver_files=["keys"], leavers=leavers))

    sessions = ["loginctl disable-linger ops", "loginctl terminate-user ops"]
    assert host.asked == [
        "write keys",
        "usermod --lock --expiredate 1 ops",
        *(sessions if has_loginctl else []),
        "end 1001",
        "userdel --force ops",
    ]


def test_an_account_stays_as_long_as_a_process_of_it_does(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_host.processes, "end_all", lambda _uid: False)

    with pytest.raises(Failure, match="ops is locked out, but a process of it does not end"):
        host.dismiss(make_plan(leavers=[SimpleNamespace(name="ops", uid=1001)]))

    assert not [words for words in host.asked if words.startswith("userdel")]


def test_a_trial_begins_before_its_timer_and_the_timer_before_the_change(host: Host) -> None:
    assert host.try_out(make_plan(modified=[account("ops")]), {}, 60, "from here") == "trial"

    assert host.asked == ["begin from here", "arm 60", "usermod --shell /bin/sh ops"]
    assert "restoring" in _host.PROGRAM.read_text()
    assert (_host.RUN / _host.restoring.SNAPSHOT).exists()
    assert str(_host.PROGRAM) in _host.SCRIPT.read_text()
    assert _host.UNIT.read_text() == _host.UNIT_TEXT
    assert _host.UNIT.stat().st_mode & 0o777 == 0o644
    assert _host.WANTED_BY.resolve() == _host.UNIT.resolve()
    host._install_recovery()

    host.clean_up()

    left = (_host.WANTED_BY, _host.UNIT, _host.SCRIPT, _host.PROGRAM)
    assert not any(path.is_symlink() or path.exists() for path in left)
    assert not (_host.RUN / _host.restoring.SNAPSHOT).exists()


def account(name: str) -> tuple[t.Any, list[str]]:
    """Return an account that is about to be modified, and how."""
    own = {"name": name, "password": "!", "comment": "", "shell": "/bin/bash", "group": name}
    return SimpleNamespace(**own, groups={name, "sudo"}), ["--shell", "/bin/sh"]


@pytest.mark.parametrize(
    "error", [Failure("busy", code="command_failed"), OSError("disk full"), None]
)
def test_a_change_that_fails_is_taken_back_at_once(
    host: Host, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    def apply(*_: t.Any) -> None:
        if error:
            raise error

    monkeypatch.setattr(host, "apply", apply)
    monkeypatch.setattr(host, "roll_back", lambda: host.asked.append("back"))

    if error is None:
        host.try_out(make_plan(), {}, 60, None)
    else:
        with pytest.raises(Failure, match=f"{error}; the host is as it was") as caught:
            host.try_out(make_plan(), {}, 60, None)
        assert caught.value.code == getattr(error, "code", "failed")
    assert ("back" in host.asked) is (error is not None)


@pytest.mark.parametrize(("reloads", "has_socket"), [(True, False), (True, True), (False, False)])
def test_sshd_is_reloaded_where_it_listens_itself_and_its_settings_noted(
    host: Host, *, reloads: bool, has_socket: bool
) -> None:
    host.apply(make_plan(reloads_sshd=reloads, has_socket=has_socket), {})

    is_asked = host.asked == ["systemctl reload ssh.service"]
    assert is_asked is (reloads and not has_socket)
    assert host.read_digest() == ("digest" if reloads else None)


def test_sshd_is_waited_for_until_its_pid_file_is_a_new_one(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    _host.PID_FILE.write_text("1")
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1:
            _host.PID_FILE.rename(_host.PID_FILE.with_name("former"))
        if len(pauses) == 3:
            _host.PID_FILE.write_text("1")

    monkeypatch.setattr(_host.time, "sleep", pause)
    host.reload_sshd()

    assert pauses == [_host.POLL_S] * 3


def test_an_sshd_that_does_not_listen_again_is_a_failure(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    _host.PID_FILE.write_text("1")
    now = [0.0]
    monkeypatch.setattr(_host.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(_host.time, "sleep", lambda _s: now.append(now.pop() + 5))

    with pytest.raises(Failure, match="does not listen again"):
        host.reload_sshd()

    assert now == [20.0]


@pytest.mark.parametrize("faults", [[], ["no space left"]])
def test_a_trial_ends_only_when_all_is_restored(
    host: Host, monkeypatch: pytest.MonkeyPatch, faults: list[str]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(_host.restoring, "restore", lambda folder: asked.append(folder) or faults)

    if faults:
        with pytest.raises(Failure, match="not all could be restored: no space left"):
            host.roll_back()
    else:
        host.roll_back()

    assert asked == [str(_host.RUN)]
    assert host.asked == ([] if faults else ["settle"])


@pytest.mark.parametrize(
    ("content", "owner", "mode"),
    [
        (b"key", (0, True), 0o700),
        (b"key", (1001, True), 0o755),
        (b"key", (1001, False), 0o700),
        (None, (1001, True), None),
    ],
)
def test_a_file_gets_the_folder_that_it_lacks(
    host: Host,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes | None,
    owner: tuple[int, bool],
    mode: int | None,
) -> None:
    """`owner` is the account, and whether root alone can change the folders above."""
    (uid, is_roots), written = owner, []
    monkeypatch.setattr(_host.restoring, "is_roots_alone", lambda _path: is_roots)
    monkeypatch.setattr(_host.restoring, "write_file", lambda *given: written.append(given))
    folder = tmp_path / "keys"
    after = _host.restoring.File(str(folder / "ops"), content, 0o600, uid, uid)
    write = SimpleNamespace(after=after, uid=uid, gid=uid)

    for __ in range(2):
        host.write(t.cast("t.Any", write))

    assert written == [(after, uid, uid)] * 2
    assert (folder.stat().st_mode & 0o777 if folder.exists() else None) == mode


def test_only_root_makes_the_folders_above_too(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_host.restoring, "write_file", lambda *_: None)
    after = _host.restoring.File(str(tmp_path / "home" / ".ssh" / "keys"), b"key", 0o600, 0, 0)
    write = t.cast("t.Any", SimpleNamespace(after=after, uid=0, gid=0))
    monkeypatch.setattr(_host.restoring, "is_roots_alone", lambda _path: False)

    with pytest.raises(FileNotFoundError):
        host.write(write)
    monkeypatch.setattr(_host.restoring, "is_roots_alone", lambda _path: True)
    host.write(write)

    assert (tmp_path / "home" / ".ssh").is_dir()


def test_files_are_told_apart_by_what_they_are_and_not_by_their_name(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    two.write_text("1")

    found = [_host._identify(path) for path in (one, two, one, tmp_path / "none")]

    assert found[0] == found[2] != found[1]
    assert found[3] is None


def test_new_accounts_get_their_keys_before_any_rule(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"ops": "account"}
    monkeypatch.setattr(_host.accounts, "creation_of", lambda _user: ["--create-home"])
    monkeypatch.setattr(_host.accounts, "find_account", known.get)
    monkeypatch.setattr(_host.planning, "plan_keys", lambda *given: [given[1:]])
    monkeypatch.setattr(host, "write", lambda write: host.asked.append(f"write {write}"))
    created = [SimpleNamespace(name="ops")]
    plan = make_plan(created=created, modified=[account("dev")], writes=["rules"])

    host.apply(plan, t.cast("t.Any", {"ops": "settings"}))

    assert host.asked == [
        "useradd --create-home ops",
        "write ('account', 'settings')",
        "usermod --shell /bin/sh dev",
        "write rules",
    ]
    known.clear()
    with pytest.raises(Failure, match="useradd made no account ops"):
        host.apply(plan, t.cast("t.Any", {"ops": "settings"}))
