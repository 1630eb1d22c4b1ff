# SPDX-License-Identifier: Apache-2.0
"""A plan by real Ansible, approved by another, is applied as it is; what has changed voids it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.runs.running import NODES, RunService

PLAYBOOK = """
- hosts: all
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: The page is in place
      ansible.builtin.copy:
        content: "{{ text }}\\n"
        dest: "{{ folder }}/{{ inventory_hostname }}"
        mode: "0644"
"""
SURVEY = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "folder": {"type": "string"}},
    "required": ["text", "folder"],
}


@dataclass
class Pages:
    """Plans that write a page for each node."""

    service: RunService
    folder: Path
    approver: requests.Session

    def order(self, status: int = 201, **order: Any) -> dict[str, Any]:
        answers = {"text": "hello", "folder": str(self.folder)}
        body = {"template": "pages", "answers": answers, **order}
        answer = self.service.web.post("/api/v1/runs", body)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def plan(self) -> dict[str, Any]:
        """Return a plan that has ended well."""
        found = self.service.wait_for(self.order(plan=True)["id"])
        assert found["state"] == "successful", self.service.log(found["id"])
        return found

    def apply(self, plan: dict[str, Any], status: int = 201) -> dict[str, Any]:
        answer = self.service.web.post(f"/api/v1/runs/{plan['id']}/application", {})
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def approve(self, run: dict[str, Any]) -> dict[str, Any]:
        answer = self.approver.post(
            f"{self.service.web.url}/api/v1/runs/{run['id']}/approvals",
            json={"digest": run["digest"], "decision": "approve"},
            timeout=30,
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def read(self) -> dict[str, str]:
        return {path.name: path.read_text("utf-8") for path in self.folder.iterdir()}


@pytest.fixture
def pages(service: RunService, tmp_path: Path) -> Pages:
    folder = tmp_path / "pages"
    folder.mkdir()
    (service.checkout / "playbooks" / "pages.yml").write_text(PLAYBOOK.lstrip(), "utf-8")
    template = {
        "template": "pages",
        "playbook": "playbooks/pages.yml",
        "survey": SURVEY,
        "approvals_needed": 1,
    }
    assert service.web.post("/api/v1/templates", template).ok
    made = service.web.post("/api/v1/tokens", {"name": "second", "scope": "operator"})
    approver = requests.Session()
    approver.headers["Authorization"] = f"Bearer {made.json()['token']}"
    return Pages(service, folder, approver)


def test_a_plan_is_approved_and_applied_as_it_is(pages: Pages) -> None:
    assert "qm run pages --plan" in pages.order(status=409)["detail"]
    plan = pages.plan()
    assert plan["changes"] == len(NODES)
    assert "+hello" in pages.service.log(plan["id"])
    assert pages.read() == {}
    assert pages.plan()["digest"] == plan["digest"]
    run = pages.apply(plan)
    assert (run["state"], run["approvals"]) == ("awaiting_approval", {"needed": 1, "given": 0})
    assert pages.approve(run)["state"] == "queued"
    done = pages.service.wait_for(run["id"])
    assert (done["state"], done["plan_of"]) == ("successful", plan["id"]), done
    assert pages.read() == dict.fromkeys(NODES, "hello\n")
    assert "already" in pages.apply(plan, status=409)["detail"]
    again = pages.plan()
    assert again["changes"] == 0
    assert "nothing to apply" in pages.apply(again, status=409)["detail"]


def test_a_plan_is_void_when_the_playbook_or_the_fleet_has_changed(pages: Pages) -> None:
    first, second = pages.plan(), pages.plan()
    runs = [pages.apply(first), pages.apply(second)]
    playbook = pages.service.checkout / "playbooks" / "pages.yml"
    playbook.write_text(PLAYBOOK.replace("{{ text }}", "other {{ text }}"), "utf-8")
    pages.approve(runs[0])
    found = pages.service.wait_for(runs[0]["id"])
    assert found["state"] == "expired"
    assert found["state_reason"].startswith(f"the playbook has changed since plan {first['id']}")
    playbook.write_text(PLAYBOOK.lstrip(), "utf-8")
    change = {"labels": {"colour": "green"}}
    assert pages.service.web.patch(f"/api/v1/nodes/{NODES[0]}", change).ok
    pages.approve(runs[1])
    found = pages.service.wait_for(runs[1]["id"])
    assert found["state_reason"].startswith(f"the fleet has changed since plan {second['id']}")
    assert pages.read() == {}
