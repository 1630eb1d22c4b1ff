# SPDX-License-Identifier: Apache-2.0
"""The contract type `only`: a package imports what its row of docs/architecture.md names, no more.

import-linter's own types forbid what somebody thought of; this one forbids all the rest as well.
"""

import sys

import grimp
from importlinter import Contract, ContractCheck, fields, output


class OnlyContract(Contract):
    """Direct imports of `module` and below reach itself, the standard library and `allowed`.

    Both take import-linter's wildcards: `inventory_service.*.domain` is the domain of each
    capability.
    """

    type_name = "only"

    module = fields.StringField()
    allowed = fields.SetField(subfield=fields.StringField(), required=False, default=set())

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 (import-linter's signature)
        """Collect each import that no allowed name covers."""
        modules = _expand(graph, self.module)
        allowed = {*modules, *(name for one in self.allowed for name in _expand(graph, one))}
        importers = {found for one in modules for found in (one, *graph.find_descendants(one))}
        strangers = [
            (importer, imported)
            for importer in sorted(importers)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not _is_covered(imported, allowed)
        ]
        return ContractCheck(kept=not strangers, metadata={"strangers": strangers})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that is not allowed."""
        for importer, imported in check.metadata["strangers"]:
            output.print_error(f"{importer} must not import {imported}", bold=False)
        output.print_error(f"{self.module} may import: {', '.join(sorted(self.allowed))}")


def _expand(graph: grimp.ImportGraph, name: str) -> set[str]:
    """Return the modules that a name with wildcards stands for; a plain name is itself.

    :raises ValueError: a wildcard finds nothing, so the contract would hold whatever happens.
    """
    if "*" not in name:
        return {name}
    found = set(graph.find_matching_modules(name))
    if not found:
        raise ValueError(f"no module matches {name}")
    return found


def _is_covered(imported: str, allowed: set[str]) -> bool:
    if imported.split(".", maxsplit=1)[0] in sys.stdlib_module_names:
        return True
    return any(imported == name or imported.startswith(f"{name}.") for name in allowed)
