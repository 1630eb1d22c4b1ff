# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep who may log in to a host, and take back what nobody could confirm."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_access
short_description: Keep who may log in to a host, and never lock out who keeps it
version_added: 0.1.0
description:
  - Keeps accounts, their public keys, who becomes root by sudo(8), and the settings of sshd in
    C(/etc/ssh/sshd_config.d/00-quartermaster.conf). Nobody comes in with a password.
  - All is read and checked before the first write. The settings are tried by C(sshd -T) as part of
    the whole configuration, for Ansible's account and for a connection of each C(Match) block; what
    another file overrides is refused, and so is what would certainly lock out Ansible's account.
  - What changes is a trial. A timer of systemd on the host is started before the first write, and
    restores files, passwords and accounts after O(confirm_timeout) seconds, whatever happens to the
    controller; a boot restores them too. The action plugin of the same name closes the connection,
    logs in and becomes root anew, and confirms the change.
  - Who leaves is out before that, and is not taken back. Rules and keys are removed first, then the
    account is locked, its sessions and processes are ended, with what they started as root, and the
    account is removed. Its home stays.
author:
  - The Quartermaster maintainers (@quartermaster)
extends_documentation_fragment:
  - quartermaster.fleet.trial
options:
  state:
    description:
      - V(present) keeps who may log in.
      - V(confirmed) ends the trial O(change) well. The action plugin does it.
    type: str
    choices: [present, confirmed]
    default: present
  account:
    description: The account with which Ansible comes in.
    type: str
    default: root
  users:
    description: Accounts; others are left alone. None has a password.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Account name.
        type: str
        required: true
      state:
        description: Whether the account is there. Root, O(account) and the one that runs the module
          stay.
        type: str
        choices: [present, absent]
        default: present
      comment:
        description: Full name or purpose.
        type: str
      groups:
        description: Groups to be in as well; other memberships stay.
        type: list
        elements: str
        default: []
      shell:
        description: Login shell; C(/bin/bash) for a new account.
        type: str
      sudo:
        description: Whether the account may become root.
        type: bool
        default: false
      public_keys:
        description: Public keys, each one line of authorized_keys without options. They are written
          where sshd looks for them (C(AuthorizedKeysFile)).
        type: list
        elements: str
      only_these_keys:
        description: Whether other keys of the account are taken away, with an empty list all.
        type: bool
        default: false
  permit_root_login:
    description: Whether root comes in with a key.
    type: str
    choices: ["no", prohibit-password]
    default: prohibit-password
  allow_users:
    description: The only accounts that are let in, or patterns of them; empty lets in all.
    type: list
    elements: str
    default: []
  allowed_matches:
    description: Criteria of the C(Match) blocks that may override these settings, as they are
      written in sshd's files, for example V(User backup). What they set is not compared.
    type: list
    elements: str
    default: []
  sshd_options:
    description: Further settings of sshd, keyword to value, or to a list for a keyword that may be
      repeated. Booleans are written as C(yes) and C(no).
    type: dict
    default: {}
attributes:
  check_mode:
    description: Can run in check mode and report what would change.
    support: full
  diff_mode:
    description: Shows each file and account that changes, as it is and as it should be.
    support: full
requirements:
  - sshd(8), useradd(8) and flock(1) on the host, systemd, and visudo(8) if somebody has sudo
seealso:
  - module: quartermaster.fleet.firewall_rules
"""

EXAMPLES = r"""
- name: Ada comes in with her key and may become root, and Eve has left
  quartermaster.fleet.host_access:
    users:
      - name: ada
        sudo: true
        public_keys:
          - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM+YDGwZ7LLK3IcRJOFAKVLOMNQ5IzL78yshDRiyaeTe ada
      - name: eve
        state: absent
    sshd_options:
      MaxAuthTries: 3
      AllowTcpForwarding: false
"""

RETURN = r"""
access:
  description: What a caller needs to know.
  returned: success
  type: dict
  contains:
    change:
      description: Name of the trial that waits for its confirmation, null if there is none.
      type: str
    listen:
      description: Addresses and ports at which sshd listens.
      type: list
      elements: str
      sample: ["0.0.0.0:22"]
    sudoers:
      description: Accounts of O(users) that may become root.
      type: list
      elements: str
      sample: [ada]
changes:
  description: What was changed or would be, a few words each.
  returned: success
  type: list
  elements: str
  sample: ["ada: created", "sshd: settings"]
code:
  description:
    - Kind of the failure. V(refused) before anything changed, V(rolled_back) and V(not_fresh) at
      the confirmation, V(still_running) if a process of who left does not end.
    - Others are V(unsafe_file), V(tool_missing), V(not_running), V(not_armed) and
      V(command_failed).
  returned: failure
  type: str
"""

import os
import typing as t

from ansible_collections.quartermaster.fleet.plugins.module_utils._access import (
    accounts,
    plan,
    settings,
    sshd_config,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._access.host import (
    Host,
    find_keepers,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._access.sshd import Sshd, Trial
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.ssh_connection import (
    find_connection,
    parse_connection,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._host.trial import (
    TRIAL_OPTIONS,
    check_confirmation,
    check_timeout,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._module import (
    Failure,
    FleetModule,
)

TEXTS = {"type": "list", "elements": "str", "default": []}
USER = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "comment": {"type": "str"},
    "groups": TEXTS,
    "shell": {"type": "str"},
    "sudo": {"type": "bool", "default": False},
    "public_keys": {"type": "list", "elements": "str", "no_log": False},
    "only_these_keys": {"type": "bool", "default": False, "no_log": False},
}


class HostAccess(FleetModule):
    """Who may log in to one host."""

    represent = "access"
    options: t.ClassVar[dict[str, dict[str, t.Any]]] = {
        "state": {"type": "str", "choices": ["present", "confirmed"], "default": "present"},
        "account": {"type": "str", "default": "root"},
        "users": {"type": "list", "elements": "dict", "default": [], "options": USER},
        "permit_root_login": {
            "type": "str",
            "choices": ["no", "prohibit-password"],
            "default": "prohibit-password",
        },
        "allow_users": TEXTS,
        "allowed_matches": TEXTS,
        "sshd_options": {"type": "dict", "default": {}},
        **TRIAL_OPTIONS,
    }
    rules: t.ClassVar[dict[str, t.Any]] = {"required_if": [("state", "confirmed", ["change"])]}

    def __init__(self) -> None:
        super().__init__()
        self._host = Host(self.module)
        self._connection = find_connection(os.environ, os.getppid())
        self._listen: t.Sequence[str] = []
        self._trial: str | None = None
        self._changes: list[str] = []
        self.extra_results["changes"] = self._changes

    def present(self) -> None:
        """Dismiss who leaves, and try out what else is not as it should be."""
        wanted = self._parse()
        with self._host.locked():
            if self._host.read_pending() is not None:
                # A run was killed in the middle of its trial: begin from what was confirmed.
                self._changes.append("trial of a killed run: taken back")
                self._change(self._host.roll_back)
            elif not self.check_mode:
                self._host.clean_up()
            trial = self._try_settings(wanted)
            self._refuse(plan.find_refusals(self._host, wanted, trial))
            self._apply(plan.make(self._host, wanted, trial), trial)
        self._listen = trial.base.get("listenaddress", [])

    def confirmed(self) -> None:
        """Keep what was tried out, since a fresh connection logged in and became root."""
        with self._host.locked():
            pending = self._host.read_pending()
            check_confirmation(pending, self.params["change"], self._connection, "the host")
            self._change(self._host.settle)

    def _parse(self) -> plan.Wanted:
        """Return what is wanted.

        :raises Failure: if it cannot be, on no host.
        """
        check_timeout(self.params["confirm_timeout"])
        account, options = self.params["account"], self.params["sshd_options"]
        users = tuple(accounts.parse_user(item) for item in self.params["users"])
        allow_users = self.params["allow_users"]
        keepers = find_keepers(account, os.getpid())
        self._refuse(
            [*accounts.find_faults(users, keepers), *settings.find_faults(options, allow_users)]
        )
        text = settings.render(options, self.params["permit_root_login"], allow_users)
        keywords = frozenset(keyword.lower() for keyword in options)
        connection = parse_connection(self._connection)
        return plan.Wanted(account, users, text, keywords, connection)

    def _try_settings(self, wanted: plan.Wanted) -> Trial:
        sshd = Sshd(self._host, wanted.account, wanted.connection)
        allowed = map(sshd_config.parse_criteria, self.params["allowed_matches"])
        return sshd.try_out(wanted.sshd_text, [user.name for user in wanted.users], allowed)

    def _apply(self, work: plan.Plan, trial: Trial) -> None:
        rules = work.find_rules()
        if rules and (self._host.has("visudo") or not self.check_mode):
            self._host.check_rules(rules)
        for account, _words in work.modified:
            if not account.is_locked:
                self._host.hide(account.password)
        self._changes += work.changes
        self._show_diff(work.before, work.after)
        if work.leavers or work.leaver_files:
            self._change(self._host.dismiss, work)
        if work.needs_trial:
            timeout_s = self.params["confirm_timeout"]
            self._trial = self._change(
                self._host.try_out, work, trial.by_user, timeout_s, self._connection
            )

    def _refuse(self, reasons: t.Iterable[str]) -> None:
        found = list(reasons)
        if found:
            raise Failure(
                f"refused, nothing was changed: {'; '.join(found)}", code="refused", reasons=found
            )

    def _prepare_result(self) -> dict[str, t.Any]:
        sudoers = [user["name"] for user in self.params["users"] if user["sudo"]]
        return {"change": self._trial, "listen": self._listen, "sudoers": sudoers}


def main() -> None:
    """Keep who may log in, or confirm a change of it."""
    access = HostAccess()
    access.run(access.confirmed if access.params["state"] == "confirmed" else access.present)


if __name__ == "__main__":
    main()
