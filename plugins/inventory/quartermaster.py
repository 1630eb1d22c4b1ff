# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet of the inventory service as an inventory of Ansible."""

from __future__ import annotations

DOCUMENTATION = r"""
name: quartermaster
short_description: The fleet of the Quartermaster inventory service
version_added: 0.1.0
description:
  - Asks the service once for all nodes that fit the filters.
  - Each node is a host with the variables that the service knows, in groups by type, cluster,
    region, environment, project and state, for example C(web), C(cluster_main), C(region_fsn1),
    C(env_prod), C(project_shop), C(state_active).
  - Values are data. They are never run as templates, and of the C(ansible_) variables only
    C(ansible_host), C(ansible_port), C(ansible_user) and C(ansible_become) are taken from the
    service; others are left out with a warning.
  - The last good answer is kept under E(QM_CACHE_DIR), by default C(~/.cache/quartermaster), for
    the own user only. Each run asks the service whether it is still current. If the service is
    down, or its answer is not whole, the kept answer is used with a warning, as long as it is
    younger than O(cache_max_age). Without one the source fails, which Ansible takes for a warning
    unless C(any_unparsed_is_failed) is set in C([inventory]) of C(ansible.cfg). The playbooks of
    this collection fail without hosts.
author:
  - The Quartermaster maintainers (@quartermaster)
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [quartermaster.fleet.quartermaster]
  url:
    description:
      - Address of the inventory service.
      - Without it, the profile file is used (E(QM_CONFIG) or
        C(~/.config/quartermaster/config.ini), section E(QM_PROFILE)), then
        V(http://127.0.0.1:9008).
    type: str
    env:
      - name: QM_URL
  token:
    description:
      - Token of the account that asks. It may be a template, for example a lookup in a vault.
      - Without it, the token of the profile is used, if its address is the one in use.
    type: str
    env:
      - name: QM_TOKEN
  timeout:
    description: Seconds that the service may be silent before the request is given up.
    type: int
    default: 10
  project:
    description: Only nodes of these projects.
    type: list
    elements: str
    default: []
  environment:
    description: Only nodes of these environments.
    type: list
    elements: str
    default: []
  cluster:
    description: Only nodes of these clusters.
    type: list
    elements: str
    default: []
  region:
    description: Only nodes of these regions.
    type: list
    elements: str
    default: []
  node_type:
    description: Only nodes of these types.
    type: list
    elements: str
    default: []
  state:
    description:
      - Only nodes in these states; V(any) is all but V(retired).
      - Without it, V(active), V(maintenance) and V(failed).
    type: list
    elements: str
    default: []
  terraform:
    description:
      - A file of C(terraform output -json), or a Terraform state, to merge with the records of the
        service. Its nodes are hosts too, and it adds what the service does not know of others.
      - The service has the last word; a warning names each host and field where the file
        differs, and each node of the file that is planned or retired in the service.
      - Only what the convention names is sent to the service, and nothing is recorded.
      - A path in the source file is relative to the folder of that file.
      - The file must not be where Ansible reads it as an inventory of its own, as it does with each
        file of a folder that it is given; this is an error.
    type: str
    env:
      - name: QM_TERRAFORM
  cache_max_age:
    description:
      - How many seconds ago the kept answer must have been current to be used while the service
        is down.
      - With V(0) it is never used.
    type: int
    default: 3600
    env:
      - name: QM_CACHE_MAX_AGE
  bulk:
    description:
      - Makes the hosts and groups directly, which is several times faster for large fleets.
      - The public calls of ansible-core are used with V(false), and also if this ansible-core is
        not one that is known, or if another source knows one of the hosts or groups. The result
        is the same.
    type: bool
    default: true
    env:
      - name: QM_INVENTORY_BULK
extends_documentation_fragment:
  - ansible.builtin.constructed
notes:
  - O(compose), O(groups) and O(keyed_groups) run Jinja for each host. The groups that the service
    makes cost nothing.
  - What the service does not know of a node is no variable of the host, so that an expression needs
    a default for it, as in C(region | default('')). Without one, O(strict) ends the run at the
    first such host, and a C(default_value) of O(keyed_groups) is not used.
"""

EXAMPLES = r"""
# fleet.quartermaster.yml: the whole fleet of the service that QM_URL and QM_TOKEN name
plugin: quartermaster.fleet.quartermaster

# production.quartermaster.yml: a part of it, with groups of one's own
# plugin: quartermaster.fleet.quartermaster
# url: https://inventory.example.com
# environment: [prod]
# keyed_groups:
#   - key: labels.rack
#     prefix: rack
# compose:
#   backup_address: wireguard_ip

# staging.quartermaster.yml: with servers that Terraform made and that nobody has registered yet
# plugin: quartermaster.fleet.quartermaster
# environment: [staging]
# terraform: ../../terraform/staging.json
"""

import difflib
import typing as t
from pathlib import Path

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.fetch import (
    FILTERS,
    fetch_fleet,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.safe_vars import (
    SkippedVariables,
    mark,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.terraform import (
    read_terraform,
)
from ansible_collections.quartermaster.fleet.plugins.module_utils._service.client import (
    Client,
    ClientError,
    resolve_connection,
)
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._inventory.populate import (
    find_data,
    gc_paused,
    is_bulk_possible,
    populate_bulk,
    populate_by_calls,
)
from ansible_collections.quartermaster.fleet.plugins.plugin_utils._inventory.sources import (
    find_folder_that_reads,
)

if t.TYPE_CHECKING:
    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader
    from ansible_collections.quartermaster.fleet.plugins.module_utils._inventory.document import (
        Fleet,
    )

SUFFIXES = ("quartermaster.yml", "quartermaster.yaml")
HAS_TRUST = hasattr(BaseInventoryPlugin, "trusted_by_default")
"""From ansible-core 2.19 on text is data unless somebody trusts it; before, it is a template."""


class InventoryModule(BaseInventoryPlugin, Constructable):
    """Hosts and groups from one answer of the service."""

    NAME = "quartermaster.fleet.quartermaster"

    def verify_file(self, path: str) -> bool:
        """Return whether the file is one for this plugin, by the end of its name."""
        return bool(super().verify_file(path)) and path.endswith(SUFFIXES)

    def parse(
        self,
        inventory: InventoryData,
        loader: DataLoader,
        path: str,
        cache: bool = True,  # noqa: FBT002 - Ansible's
    ) -> None:
        """Add the fleet to the inventory, all of it or nothing.

        :raises AnsibleParserError: if the options, the service or its answer are of no use.
        """
        super().parse(inventory, loader, path, cache)
        self._check_source(self._read_config_data(path))
        self._source = path
        with gc_paused():
            try:
                fleet = self._fetch()
            except ClientError as error:
                raise AnsibleParserError(str(error)) from error
            variables = self._add(inventory, fleet)
        self._construct(fleet, variables)

    def _check_source(self, source: dict[str, t.Any]) -> None:
        """Refuse what Ansible passes over in a source file, since it would widen the inventory.

        :raises AnsibleParserError: if a key is no option, or a filter is there without a value.
        """
        known = {"plugin", *self.option_definitions}
        for definition in self.option_definitions.values():
            known.update(definition.get("aliases", ()))
        for key in source:
            if key not in known:
                near = difflib.get_close_matches(str(key), sorted(known), n=1)
                hint = (
                    f"Did you mean {near[0]!r}?"
                    if near
                    else f"Options: {', '.join(sorted(known))}."
                )
                raise AnsibleParserError(
                    f"{str(key)[:80]!r} is not an option of this plugin. {hint}"
                )
        for name in FILTERS:
            if name in source and source[name] in (None, [], ""):
                raise AnsibleParserError(
                    f"{name!r} has no value. List what it selects, or remove it to select every "
                    f"{name}."
                )

    def _add(self, inventory: InventoryData, fleet: Fleet) -> list[dict[str, t.Any]]:
        """Add hosts and groups, and return the variables of the hosts.

        All is made before anything is added, so that an error leaves no half inventory.
        """
        omissions = SkippedVariables()
        variables = list(fleet.variables(omissions))
        omissions.report(self.display.warning)
        if not HAS_TRUST:
            variables = [mark(values, _wrap) for values in variables]
        if self.get_option("bulk") and is_bulk_possible(inventory, fleet):
            populate_bulk(inventory, fleet, variables)
        else:
            self.display.vvv("quartermaster: using the public calls of ansible-core")
            populate_by_calls(inventory, fleet, variables)
        return variables

    def _fetch(self) -> Fleet:
        token = self.get_option("token")
        if token and self.templar.is_template(token):
            token = self.templar.template(token)
        url, token = resolve_connection(self.get_option("url"), token)
        client = Client(url, token, timeout_s=self.get_option("timeout"))
        return fetch_fleet(
            client,
            {name: self.get_option(name) for name in FILTERS},
            terraform=self._read_terraform(),
            max_age_s=self.get_option("cache_max_age"),
            warn=self.display.warning,
        )

    def _read_terraform(self) -> str | None:
        path, origin = self.get_option_and_origin("terraform")
        if not path:
            return None
        if not str(origin).startswith("env"):
            # A path in the source file is relative to it, wherever Ansible is started.
            path = str(Path(self._source).parent / Path(path).expanduser())
        folder = find_folder_that_reads(path, self._source)
        if folder:
            raise AnsibleParserError(
                f"{path}: Ansible reads this Terraform file as an inventory too, since it is in "
                f"{folder}: each output would become a group. Move it to a folder beside that one, "
                f"or name it '.{Path(path).name}', and correct the option 'terraform'."
            )
        return read_terraform(path)

    def _construct(self, fleet: Fleet, variables: list[dict[str, t.Any]]) -> None:
        """Run the Jinja that the user configured, and none else."""
        compose, groups, keyed = map(self.get_option, ("compose", "groups", "keyed_groups"))
        if not (compose or groups or keyed):
            return
        strict = self.get_option("strict")
        for name, values in zip(fleet.names, variables):  # noqa: B905 - equal by construction
            self._set_composite_vars(compose, values, name, strict=strict)
            self._add_host_to_composed_groups(groups, values, name, strict=strict)
            self._add_host_to_keyed_groups(keyed, values, name, strict=strict)

    def _set_composite_vars(
        self, compose: t.Any, variables: t.Any, host: str, **more: t.Any
    ) -> None:
        """Set the variables of the host, also where a group has the same name.

        The public call would set them on the group, where those of the host hide them.
        """
        groups = find_data(self.inventory).groups
        namesake = groups.pop(host, None)
        try:
            super()._set_composite_vars(compose, variables, host, **more)
        finally:
            if namesake is not None:
                groups[host] = namesake

    def _compose(self, template: str, variables: dict[str, t.Any], *args: t.Any) -> t.Any:
        """Return what an expression makes of the values: data again, on every ansible-core."""
        value = super()._compose(template, variables, *args)
        return value if HAS_TRUST else mark(value, _wrap)


def _wrap(text: str) -> t.Any:
    # Imported here: only ansible-core before 2.19 needs it.
    from ansible.utils.unsafe_proxy import wrap_var  # noqa: PLC0415 - see above

    return wrap_var(text)
