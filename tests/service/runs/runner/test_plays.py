# SPDX-License-Identifier: Apache-2.0
"""What forbids slices is found in a playbook and in all that it includes, with file and task."""

from pathlib import Path

import pytest

from inventory_service.runs.runner.plays import list_slice_obstacles

SITE = "playbooks/site.yml"
PLAIN = """
- hosts: all
  vars: {secret: !vault "x", data: !unsafe "{{ y }}", list: !odd [1], map: !odd {a: 1}}
  tasks:
    - name: Copy
      ansible.builtin.copy: {content: x, dest: /x}
      delegate_to: localhost
    - ping:
      run_once: false
      delegate_to: "{{ inventory_hostname }}"
"""


def play(tasks: str, head: str = "") -> str:
    return f"- hosts: all\n  name: All\n{head}  tasks:\n{tasks}"


def task(line: str) -> str:
    return play(f"    - name: Do it\n      ping:\n      {line}\n")


#: The files, and what is found; the playbook is the first.
CASES: list[tuple[dict[str, str], list[str]]] = [
    ({SITE: PLAIN}, []),
    ({SITE: ""}, []),
    ({SITE: task("run_once: true")}, [f"{SITE}, task 'Do it': run_once"]),
    ({SITE: task("run_once: '{{ x }}'")}, [f"{SITE}, task 'Do it': run_once"]),
    ({SITE: task("throttle: 1")}, [f"{SITE}, task 'Do it': throttle"]),
    ({SITE: task("delegate_to: db-1")}, [f"{SITE}, task 'Do it': delegate_to db-1"]),
    (
        {SITE: task("delegate_to: '{{ groups.db[0] }}'")},
        [f"{SITE}, task 'Do it': delegate_to {{{{ groups.db[0] }}}}"],
    ),
    ({SITE: task("local_action: command true")}, []),
    ({SITE: play("    - add_host: {name: x}\n")}, [f"{SITE}, task 'add_host': add_host"]),
    ({SITE: play("    []\n", "  serial: 2\n")}, [f"{SITE}, play 'All': serial"]),
    (
        {SITE: play("    []\n", "  any_errors_fatal: true\n  max_fail_percentage: 10\n")},
        [f"{SITE}, play 'All': any_errors_fatal", f"{SITE}, play 'All': max_fail_percentage"],
    ),
    ({SITE: play("    []\n", "  any_errors_fatal: false\n")}, []),
    (
        {
            SITE: play(
                "    - block:\n        - block: []\n          rescue: [{ping: , run_once: yes}]\n"
            )
        },
        [f"{SITE}, task 'ping': run_once"],
    ),
    (
        {
            SITE: play("    - include_tasks: more.yml\n"),
            "playbooks/more.yml": "- ansible.builtin.import_tasks: {file: last.yml}\n",
            "playbooks/last.yml": "- {name: Once, ping: , run_once: true}\n",
        },
        ["playbooks/last.yml, task 'Once': run_once"],
    ),
    (
        {SITE: play("    - include_tasks: '{{ os }}.yml'\n")},
        [
            (
                f"{SITE}, task 'include_tasks': includes '{{{{ os }}}}.yml', whose name is known "
                "only when it runs"
            )
        ],
    ),
    (
        {SITE: play("    - include_tasks: gone.yml\n")},
        [f"{SITE}, task 'include_tasks': includes 'gone.yml', which can't be found"],
    ),
    (
        {SITE: play("    - include_role: {name: '{{ item }}'}\n      name: Roles\n")},
        [f"{SITE}, task 'Roles': has the role '{{{{ item }}}}', which is known only when it runs"],
    ),
    (
        {
            SITE: play("    - import_role: {name: web, tasks_from: set_up}\n"),
            "roles/web/tasks/main.yml": "- {name: Other, ping: , run_once: true}\n",
            "roles/web/tasks/set_up.yml": "- {name: Once, ping: , run_once: true}\n",
        },
        ["roles/web/tasks/set_up.yml, task 'Once': run_once"],
    ),
    (
        {
            SITE: play("    - import_role: {name: web, tasks_from: gone}\n"),
            "roles/web/tasks/main.yml": "[]\n",
        },
        [f"{SITE}, task 'import_role': has 'gone' of the role 'web', which can't be found"],
    ),
    (
        {
            SITE: "- {hosts: all, name: All, roles: [web, {role: acme.shop.db, throttle: 2}]}\n",
            "roles/web/meta/main.yml": "dependencies: [{role: base}]\n",
            "roles/base/handlers/main.yml": "- {name: Restart, ping: , throttle: 1}\n",
            "collections/ansible_collections/acme/shop/roles/db/tasks/main.yml": (
                "- include_tasks: more.yml\n"
            ),
            "collections/ansible_collections/acme/shop/roles/db/tasks/more.yml": (
                "- {name: Once, ping: , run_once: true}\n"
            ),
        },
        [
            "roles/base/handlers/main.yml, task 'Restart': throttle",
            f"{SITE}, play 'All': throttle",
            (
                "collections/ansible_collections/acme/shop/roles/db/tasks/more.yml, task 'Once': "
                "run_once"
            ),
        ],
    ),
    (
        {SITE: "- {hosts: all, name: All, roles: [gone]}\n"},
        [f"{SITE}, play 'All': has the role 'gone', which can't be found"],
    ),
    (
        {
            SITE: "- import_playbook: acme.shop.one\n- ansible.builtin.import_playbook: two.yml\n",
            "collections/ansible_collections/acme/shop/playbooks/one.yml": (
                "- {hosts: all, name: One, serial: 1}\n"
            ),
            "playbooks/two.yml": "- {hosts: all, name: Two, serial: [1, 5]}\n",
        },
        [
            "collections/ansible_collections/acme/shop/playbooks/one.yml, play 'One': serial",
            "playbooks/two.yml, play 'Two': serial",
        ],
    ),
    (
        {SITE: "- import_playbook: '{{ x }}.yml'\n"},
        ["'{{ x }}.yml' is imported, which can't be found"],
    ),
    (
        {
            SITE: play("    - include_tasks: {file: m.yml, apply: {run_once: true}}\n"),
            "playbooks/m.yml": "[]\n",
        },
        [f"{SITE}, task 'include_tasks': run_once"],
    ),
    # What includes itself ends.
    (
        {SITE: play("    - include_tasks: m.yml\n"), "playbooks/m.yml": "- include_tasks: m.yml\n"},
        [],
    ),
]


@pytest.mark.parametrize(("files", "found"), CASES)
def test_what_concerns_all_hosts_at_once_is_found(
    files: dict[str, str], found: list[str], tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    assert list_slice_obstacles(tmp_path, SITE) == found


@pytest.mark.parametrize("text", ["- {", "- hosts: &a [*a]\n  x: [" + "[" * 3000])
def test_what_cannot_be_read_forbids_slices(text: str, tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / SITE).write_text(text, "utf-8")
    (found,) = list_slice_obstacles(tmp_path, SITE)
    assert found.startswith(f"{SITE} can't be read: ")


def test_a_playbook_that_imports_itself_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / SITE).write_text("- import_playbook: site.yml\n", "utf-8")
    assert list_slice_obstacles(tmp_path, SITE) == []


def test_a_playbook_that_is_gone_forbids_slices_and_no_folder_forbids_nothing(
    tmp_path: Path,
) -> None:
    (found,) = list_slice_obstacles(tmp_path, SITE)
    assert found.startswith(f"{SITE} can't be read: ")
    assert list_slice_obstacles(None, SITE) == []
