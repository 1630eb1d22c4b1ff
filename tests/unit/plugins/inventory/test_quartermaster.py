# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin adds the whole fleet or nothing, and runs only the Jinja of its own file."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.doc_fragments.constructed import ModuleDocFragment as Constructed
from ansible_collections.quartermaster.fleet.plugins.inventory import quartermaster

NAME = "quartermaster.fleet.quartermaster"
Columns = t.Callable[..., dict[str, t.Any]]


def make_plugin() -> quartermaster.InventoryModule:
    """Return the plugin as Ansible's loader, which looks for installed collections, makes it."""
    options = yaml.safe_load(Constructed.DOCUMENTATION)["options"]
    options.update(yaml.safe_load(quartermaster.DOCUMENTATION)["options"])
    constants.config.initialize_plugin_configuration_definitions("inventory", NAME, options)
    plugin = quartermaster.InventoryModule()
    plugin._load_name = NAME
    plugin._redirected_names = [NAME]
    return plugin


class Source:
    """A source file of the plugin, and what came of parsing it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.path = folder / "fleet.quartermaster.yml"
        self.url = url
        self.inventory = InventoryData()

    def parse(self, text: str = "") -> InventoryData:
        self.path.write_text(f"plugin: {NAME}\nurl: {self.url}\n{text}")
        self.inventory.current_source = str(self.path)
        plugin = make_plugin()
        assert plugin.verify_file(str(self.path))
        plugin.parse(self.inventory, DataLoader(), str(self.path))
        self.inventory.reconcile_inventory()
        return self.inventory


@pytest.fixture
def source(tmp_path: Path, loopback: t.Any) -> Source:
    return Source(tmp_path, loopback.url)


@pytest.mark.parametrize(
    ("name", "is_wanted"),
    [
        ("quartermaster.yml", True),
        ("prod.quartermaster.yaml", True),
        ("quartermaster.json", False),
        ("hosts.yml", False),
        ("absent.quartermaster.yml", False),
    ],
)
def test_a_file_is_known_by_the_end_of_its_name(
    tmp_path: Path, name: str, *, is_wanted: bool
) -> None:
    if not name.startswith("absent"):
        (tmp_path / name).write_text("plugin: x")
    assert make_plugin().verify_file(str(tmp_path / name)) is is_wanted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("environments: [prod]", "'environments' is not an option.*Did you mean 'environment'"),
        ("project_: [shop]", "'project_' is not an option.*Did you mean 'project'"),
        ("labels: {a: b}", "'labels' is not an option.*Options: .*, cluster, "),
        ("7: x", "'7' is not an option"),
        ("environment: []", "'environment' has no value"),
        ("environment:", "'environment' has no value"),
        ("project: ''", "'project' has no value"),
        ("state: []", "'state' has no value"),
    ],
)
def test_what_would_select_more_than_was_written_is_refused(
    loopback: t.Any, source: Source, columns: Columns, text: str, reason: str
) -> None:
    loopback.reply(columns("a"))
    with pytest.raises(AnsibleParserError, match=reason):
        source.parse(text)
    assert not source.inventory.hosts


def test_each_documented_option_is_taken(loopback: t.Any, source: Source, columns: Columns) -> None:
    loopback.reply(columns("a"))
    inventory = source.parse(
        "token: x\ntimeout: 5\nenvironment: [prod]\nproject: [shop]\ncluster: [main]\n"
        "region: [fsn1]\nnode_type: [web]\nstate: [active]\ncache_max_age: 0\nbulk: true\n"
        "compose: {x: region}\ngroups: {}\nkeyed_groups: []\nstrict: true\n"
        "use_extra_vars: false\nleading_separator: true"
    )
    assert set(inventory.hosts) == {"a"}


@pytest.mark.parametrize("bulk", ["true", "false"])
def test_the_fleet_becomes_hosts_with_variables_in_groups(
    loopback: t.Any, source: Source, columns: Columns, bulk: str
) -> None:
    document = columns("a", "b")
    document["rows"][1][5] = {"note": "ż {{ x }}", "deep": [{"y": [1, None]}]}
    loopback.reply(document)
    inventory = source.parse(f"bulk: {bulk}")
    assert inventory.get_groups_dict() == {
        "all": ["a", "b"],
        "ungrouped": [],
        "region_fsn1": ["a", "b"],
        "web": ["a", "b"],
    }
    assert inventory.hosts["b"].vars == {
        "inventory_file": str(source.path),
        "inventory_dir": str(source.path.parent),
        "node_id": "b",
        "ansible_host": "10.0.0.2",
        "node_type": "web",
        "region": "fsn1",
        "labels": {"rack": "a1"},
        "note": "ż {{ x }}",
        "deep": [{"y": [1, None]}],
    }


@pytest.mark.parametrize("bulk", ["true", "false"])
def test_jinja_of_the_file_makes_variables_and_groups(
    loopback: t.Any, source: Source, columns: Columns, bulk: str
) -> None:
    document = columns("a", "b")
    document["rows"][1][3] = "hel1"
    loopback.reply(document)
    inventory = source.parse(
        f"bulk: {bulk}\n"
        "compose: {where: region ~ '/' ~ labels.rack}\n"
        "groups: {finland: region is match('hel')}\n"
        "keyed_groups: [{key: labels.rack, prefix: rack}]\n"
    )
    groups = inventory.get_groups_dict()
    assert inventory.hosts["b"].vars["where"] == "hel1/a1"
    assert groups["finland"] == ["b"]
    assert groups["rack_a1"] == ["a", "b"]


def test_the_documented_defaults_are_for_what_a_host_lacks(
    loopback: t.Any, source: Source, columns: Columns
) -> None:
    page = (Path(__file__).parents[4] / "docs/inventory.md").read_text("utf-8")
    section = page.partition("## What the service knows of a node")[2]
    example = section.partition("```yaml\n")[2].partition("```")[0]
    document = columns("a", "b")
    document["columns"] = ["node_id", "ansible_host", "project", "region", "labels", "vars"]
    document["rows"][0][2:4] = ["shop", "fsn1"]
    document["rows"][1][2:4] = [None, None]
    loopback.reply(document)
    inventory = source.parse(example.partition("\n")[2])
    assert [inventory.hosts[name].vars["team"] for name in "ab"] == ["shop", "nobody"]
    groups = inventory.get_groups_dict()
    assert (groups["site_fsn1"], groups["site_elsewhere"]) == (["a"], ["b"])


@pytest.mark.parametrize("bulk", ["true", "false"])
def test_a_group_that_is_called_like_a_host_takes_none_of_its_variables(
    loopback: t.Any, source: Source, columns: Columns, bulk: str
) -> None:
    loopback.reply(columns("a", "a1", "b"))
    source.inventory.add_group("b")
    inventory = source.parse(
        f"bulk: {bulk}\n"
        "compose: {ansible_host: \"'mesh-' ~ node_id\"}\n"
        "keyed_groups: [{key: labels.rack, prefix: '', separator: ''}]\n"
    )
    found = {name: host.vars["ansible_host"] for name, host in inventory.hosts.items()}
    assert found == {"a": "mesh-a", "a1": "mesh-a1", "b": "mesh-b"}
    assert {"a1", "b"} <= set(inventory.groups)
    assert all("ansible_host" not in group.vars for group in inventory.groups.values())


def test_strict_makes_a_failing_expression_an_error(
    loopback: t.Any, source: Source, columns: Columns
) -> None:
    loopback.reply(columns("a"))
    assert "x" not in source.parse("compose: {x: nothing.of_this}").hosts["a"].vars
    source.inventory = InventoryData()
    with pytest.raises(Exception, match="Could not set x"):
        source.parse("compose: {x: nothing.of_this}\nstrict: true")


def test_filters_and_token_reach_the_service(
    loopback: t.Any, source: Source, columns: Columns
) -> None:
    loopback.reply(columns("a"))
    source.parse("project: [shop]\nstate: any\ntoken: \"{{ 'qm_' ~ 'made' }}\"")
    (asked,) = loopback.asked
    assert asked.path == "/api/v1/inventory?format=columns&project=shop&state=any"
    assert asked.headers["authorization"] == "Bearer qm_made"


@pytest.mark.parametrize("text", ["timeout: never", "cache_max_age: soon"])
def test_options_that_mean_nothing_are_errors(
    loopback: t.Any, source: Source, columns: Columns, text: str
) -> None:
    loopback.reply(columns("a"))
    with pytest.raises(Exception, match=text.partition(":")[0]):
        source.parse(text)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"document": b""}, "it is empty"),
        ({"document": {"nodes": []}}, "columnar"),
        ({"document": {}, "status": 401}, "QM_TOKEN"),
        ({"document": {}, "status": 500}, "log of the service"),
    ],
)
def test_an_answer_of_no_use_is_a_parser_error_and_leaves_nothing(
    loopback: t.Any, source: Source, reply: dict[str, t.Any], reason: str
) -> None:
    loopback.reply(**reply)
    with pytest.raises(AnsibleParserError, match=reason):
        source.parse()
    assert not source.inventory.hosts
    assert set(source.inventory.groups) == {"all", "ungrouped"}
