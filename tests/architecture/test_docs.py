# SPDX-License-Identifier: Apache-2.0
"""What is promised in writing is what the code does: routes, settings, commands, roles, words."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from inventory_service.cli import main as qm
from inventory_service.cli.client.errors import Exit
from inventory_service.cli.lazy_commands import LazyCommand
from inventory_service.client_settings import ClientSettings
from inventory_service.core import errors
from inventory_service.core.actors import Channel, Scope
from inventory_service.fleet.domain.nodes import NodeState
from inventory_service.http.problems import get_problem_type
from inventory_service.settings import Settings, list_known_variables
from tests.architecture import tables

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
ROLES = sorted(path.parent.parent for path in ROOT.glob("roles/*/meta/argument_specs.yml"))
# Words of the house's own building, not of the fleet.
NO_NOUNS = {
    "catalog",
    "errors",
    "inventory",
    "named",
    "names",
    "node_files",
    "pages",
    "projects_csv",
    "secrets",
    "stated_nodes",
    "stated_plans",
    "terraform",
    "terraform_files",
    "terraform_merges",
    "terraform_servers",
    "sizes",
    "words",
}


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def rows(path: Path, head: str) -> list[list[str]]:
    """Return the cells of the Markdown table whose head begins so."""
    lines = read(path).split(f"| {head}", 1)[1].splitlines()[2:]
    table = []
    for line in lines:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


@pytest.mark.parametrize("path", tables.documents(), ids=lambda path: path.name)
def test_tables_are_those_of_the_code(path: Path) -> None:
    assert tables.render(path) == read(path), "run `make docs`"


def test_each_kind_of_table_is_used() -> None:
    used = {found["name"] for path in DOCUMENTS for found in tables.BLOCK.finditer(read(path))}
    assert used == set(tables.TABLES)


def test_the_exit_codes_are_documented() -> None:
    told = {row[1]: int(row[0]) for row in rows(ROOT / "docs/cli.md", "code | name")}
    assert told == {code.name: code.value for code in Exit}


def test_the_refusals_are_documented() -> None:
    told = {row[1] for row in rows(ROOT / "docs/api.md", "status | type")}
    raised = {get_problem_type(kind) for kind in vars(errors).values() if _is_refusal(kind)}
    assert told == raised


def _is_refusal(kind: object) -> bool:
    is_kind = isinstance(kind, type) and issubclass(kind, errors.ServiceError)
    return is_kind and kind is not errors.ServiceError


def test_each_variable_of_the_environment_is_documented(tracked: list[Path]) -> None:
    code = {"inventory_service", "plugins", "inventory"}
    used = {
        name
        for path in tracked
        if path.parts[0] in code and path.suffix in {".py", ".yml"}
        for name in re.findall(r"[\"' ]QM_([A-Z_]+[A-Z])\b", read(ROOT / path))
    }
    documented = set(
        re.findall(r"^\| `QM_([A-Z_]+)`", read(ROOT / "docs/settings.md"), re.MULTILINE)
    )
    assert used <= documented
    fields = [*Settings.model_fields, *(one.name for one in dataclasses.fields(ClientSettings))]
    settings = {name.upper() for name in fields}
    assert documented <= used | settings
    assert {f"QM_{name}" for name in documented} == set(list_known_variables())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_in_the_text_exist(path: Path) -> None:
    text = read(path)
    blocks = "\n".join(
        re.findall(r"^```(?:sh|console)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    )
    lines = re.findall(r"`(qm [^`]+)`", text) + re.findall(
        r"(?:^|\$\()(qm [^)\n]+)", blocks, re.MULTILINE
    )
    unknown = [line for line in lines if not _is_known(line.split()[1:])]
    assert not unknown


def _is_known(words: list[str]) -> bool:
    command: click.Command = qm
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-") or word.isupper():
            return True
        found = command.commands.get(word)
        if found is None:
            # Other words after it are names of templates.
            return command.name == "run"
        command = found.load() if isinstance(found, LazyCommand) else found
    return True


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_verbs_of_make_in_the_text_exist(path: Path) -> None:
    verbs = set(re.findall(r"^([a-z-]+):.*## ", read(ROOT / "Makefile"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", read(path), re.MULTILINE)) <= {
        pair for verb in verbs for pair in ((verb, ""), ("", verb))
    }


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", read(path))
    assert not [target for target in targets if not (path.parent / target).exists()]


def test_the_glossary_names_each_noun_and_its_place() -> None:
    table = rows(ROOT / "docs/glossary.md", "word | not")
    words = {row[0] for row in table}
    nouns = {
        path.stem.removesuffix("s").replace("_", " ")
        for path in (ROOT / "inventory_service/fleet/domain").glob("[a-z]*.py")
        if path.stem not in NO_NOUNS
    }
    assert nouns <= words
    places = [row[3].strip("`") for row in table]
    assert not [place for place in places if not _exists(place)]


#: What is still read by clients under a former name, in the one file that says so.
PUBLISHED = ROOT / "inventory_service/http/problems.py"


def test_the_words_that_are_not_used_are_not_used(tracked: list[Path]) -> None:
    table = rows(ROOT / "docs/glossary.md", "word | not")
    words = [word.strip() for row in table for word in row[1].split(",") if word.strip()]
    assert len(words) > 15
    unused = re.compile(rf"\b({'|'.join(map(re.escape, words))})s?\b", re.IGNORECASE)
    places = ("inventory_service", "plugins", "roles", "playbooks", "docs", "demo", "inventory")
    found = []
    for path in tracked:
        is_text = path.suffix in {".py", ".yml", ".md", ".j2"} and path.parts[0] in places
        # Decisions tell history; the glossary itself names the words, and so does the API's page.
        if not is_text or path.parts[:2] == ("docs", "decisions") or ROOT / path == PUBLISHED:
            continue
        if path.as_posix() in {"docs/glossary.md", "docs/api.md"}:
            continue
        for number, line in enumerate(read(ROOT / path).splitlines(), 1):
            found += [f"{path}:{number}: {one[0]}" for one in unused.finditer(line)]
    assert not found


def test_plugins_and_roles_use_precise_words(tracked: list[Path]) -> None:
    table = rows(ROOT / "docs/glossary.md", "vague | precise")
    words = [word.strip() for row in table for word in row[0].split(",")]
    assert "told" in words
    vague = re.compile(rf"\b({'|'.join(map(re.escape, words))})s?\b", re.IGNORECASE)
    found = []
    for path in tracked:
        is_text = path.suffix in {".py", ".yml", ".md", ".j2", ".sh"}
        if (is_text and path.parts[0] in {"plugins", "roles"}) or path.as_posix() == "docs/api.md":
            for number, line in enumerate(read(ROOT / path).splitlines(), 1):
                found += [f"{path}:{number}: {one[0]}" for one in vague.finditer(line)]
    assert not found


def _exists(place: str) -> bool:
    return (ROOT / place).exists() or (ROOT / "inventory_service" / place).exists()


@pytest.mark.parametrize("kind", [NodeState, Scope, Channel])
def test_the_glossary_lists_the_values_that_are_stored(kind: Any) -> None:
    text = read(ROOT / "docs/glossary.md")
    assert not [value for value in kind if not re.search(rf"\b{value}\b", text)]


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_roles_defaults_are_its_documented_interface(role: Path) -> None:
    specs = yaml.safe_load(read(role / "meta/argument_specs.yml"))["argument_specs"]
    options = {name: option for spec in specs.values() for name, option in spec["options"].items()}
    file = role / "defaults/main.yml"
    defaults = (yaml.safe_load(read(file)) if file.is_file() else None) or {}
    optional = {name for name, option in options.items() if not option.get("required")}
    assert set(defaults) == optional
    # What is worked out from other variables is described in words.
    literal = {name: value for name, value in defaults.items() if "{{" not in str(value)}
    assert {name: options[name].get("default") for name in literal} == literal
    assert not [name for name in options if not name.startswith(f"{role.name}_")]
    assert not [name for name, option in options.items() if not option.get("description")]


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_roles_readme_names_each_variable_and_its_proof(role: Path) -> None:
    specs = yaml.safe_load(read(role / "meta/argument_specs.yml"))["argument_specs"]
    text = read(role / "README.md")
    options = {name for spec in specs.values() for name in spec["options"]}
    assert not [name for name in sorted(options) if f"`{name}`" not in text]
    assert "verify" in specs
    assert (role / "tasks/verify.yml").is_file()


def test_each_role_has_its_interface_described() -> None:
    assert {path.name for path in ROOT.glob("roles/*")} == {role.name for role in ROLES}


def test_decisions_are_short_and_numbered_once() -> None:
    paths = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [int(path.name[:4]) for path in paths]
    assert numbers == sorted(set(numbers))
    assert not [path.name for path in paths if len(read(path).splitlines()) > 40]
    parts = ("## Situation", "## Choice", "## What we gave up")
    assert not [path.name for path in paths if not all(part in read(path) for part in parts)]
