# SPDX-License-Identifier: Apache-2.0
"""The shape of the repository: names, licences, sizes, links, and who may read the environment."""

import ast
import os
import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER_WORDS = ("utils", "helpers", "common", "misc", "manager", "managers", "util", "helper")
GPL = ("extensions", "inventory", "playbooks", "plugins", "roles", "tests/unit")
# What Ansible reads as documentation is no code.
DOCUMENTATION = re.compile(
    r"^(DOCUMENTATION|EXAMPLES|RETURN) = r?\"{3}.*?\"{3}", flags=re.DOTALL | re.MULTILINE
)
#: Modules without a test file of their own: only declarations, which the tests named here use.
_FORMS = "fields of requests, tried by tests/service/fleet/routes/test_{noun}.py"
_TABLES = "columns, compared with the migrations by tests/service/migrations/test_migrations.py"
UNTESTED = {
    "cli/__main__.py": "how tests/service/worker/test_process.py starts each worker",
    "fleet/domain/catalog.py": _FORMS,
    "fleet/domain/environments.py": _FORMS,
    "fleet/domain/projects.py": _FORMS,
    "fleet/models/clusters.py": _TABLES,
    "fleet/models/environments.py": _TABLES,
    "fleet/models/projects.py": _TABLES,
    "fleet/models/services.py": _TABLES,
    "fleet/routes/schemas.py": "answers, held to their schemas by schemathesis in test_openapi.py",
    "runs/models/templates.py": _TABLES,
    "runs/routes/schemas.py": "answers, held to their schemas by schemathesis in test_openapi.py",
    "migrations/env.py": "run by each migration that tests/service/migrations tries",
    "notifications/routes/schemas.py": "answers, as those of fleet/routes/schemas.py",
    "webhooks/routes/schemas.py": "answers, as those of fleet/routes/schemas.py",
    "workflows/routes/schemas.py": "answers, as those of fleet/routes/schemas.py",
    "tables.py": "imports, compared with the database by tests/service/migrations",
}
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 50


def python_files(tracked: list[Path]) -> list[Path]:
    return [path for path in tracked if path.suffix == ".py"]


def test_no_module_is_named_after_nothing(tracked: list[Path]) -> None:
    # `roles/common` is the role that issue and users know by this name.
    parts = {
        (path, part)
        for path in python_files(tracked)
        for part in path.with_suffix("").parts
        if path.parts[0] != "roles"
    }
    assert not {(path, part) for path, part in parts if part.strip("_") in FOLDER_WORDS}


def test_each_python_file_names_its_licence_and_its_idea(tracked: list[Path]) -> None:
    field_errors = []
    for path in python_files(tracked):
        text = (ROOT / path).read_text(encoding="utf-8")
        if not text.strip():
            continue
        folders = [top for top in GPL if path.as_posix().startswith(f"{top}/")]
        # A test outside may need to import Ansible.
        either = "(GPL-3.0-or-later|Apache-2.0)" if path.parts[0] == "tests" else "Apache-2.0"
        licence = "GPL-3.0-or-later" if folders else either
        if not re.search(rf"^# SPDX-License-Identifier: {licence}$", text[:400], re.MULTILINE):
            field_errors.append(f"{path}: no SPDX line with {licence}")
        tree = ast.parse(text)
        is_documented = ast.get_docstring(tree) or "\nDOCUMENTATION = " in text
        if not is_documented and any(not isinstance(node, ast.Pass) for node in tree.body):
            field_errors.append(f"{path}: no docstring")
    assert not field_errors


def test_files_and_functions_stay_small(tracked: list[Path]) -> None:
    field_errors = []
    for path in python_files(tracked):
        text = (ROOT / path).read_text(encoding="utf-8")
        lines = DOCUMENTATION.sub("", text).count("\n")
        if lines > MAX_FILE_LINES and path.parts[0] != "tests":
            field_errors.append(f"{path}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                is_table = path.name.startswith("0") or "migrations" in path.parts
                if length > MAX_FUNCTION_LINES and not is_table:
                    field_errors.append(f"{path}:{node.lineno} {node.name}: {length} lines")
    assert not field_errors


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "inventory_service").rglob("*.py")
        if re.search(
            # click reads the environment, too: for one option, or for all below a prefix.
            r"\benviron\b|\bgetenv\b|BaseSettings|\b(auto_)?envvar(_prefix)?\b",
            path.read_text(encoding="utf-8"),
        )
    }
    assert readers == {
        "inventory_service/settings.py",
        "inventory_service/client_settings.py",
        # The environments of other processes, by which it finds those of a run.
        "inventory_service/runs/runner/processes.py",
    }


def test_one_module_opens_the_database() -> None:
    callers = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "inventory_service").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and "Database" in {getattr(node.func, "id", None), getattr(node.func, "attr", None)}
    }
    assert callers == {"inventory_service/database.py"}


def test_each_test_of_the_service_is_where_its_module_is() -> None:
    package, tests = ROOT / "inventory_service", ROOT / "tests" / "service"
    modules = {path.relative_to(package) for path in package.rglob("*.py")}
    stray = []
    for path in tests.rglob("test_*.py"):
        twin = path.relative_to(tests).with_name(path.name.removeprefix("test_"))
        # A package as a whole is tested by a file that bears the package's name, inside or beside.
        is_package = (
            twin.with_suffix("") / "__init__.py" in modules or twin.stem == twin.parent.name
        )
        if twin not in modules and not is_package:
            stray.append(path.relative_to(ROOT).as_posix())
    assert not stray


def test_each_module_of_the_service_has_its_test() -> None:
    package, tests = ROOT / "inventory_service", ROOT / "tests" / "service"
    modules = [
        path.relative_to(package)
        for path in package.rglob("*.py")
        if path.name != "__init__.py" and path.parent.name != "versions"
    ]
    untested = {
        module.as_posix()
        for module in modules
        if not (tests / module.with_name(f"test_{module.name}")).is_file()
    }
    assert untested == set(UNTESTED)


def test_collections_holds_no_python_package() -> None:
    """With it, `import collections` would find our folder instead of the standard library's."""
    assert not list(ROOT.glob("collections/__init__.py"))
    assert not list(ROOT.glob("collections/ansible_collections/__init__.py"))


def test_the_links_of_the_collection_make_no_cycle() -> None:
    collection = ROOT / "collections/ansible_collections/quartermaster/fleet"
    if not collection.is_dir():
        pytest.skip("`make link` was not run: there are no links to follow")
    assert not collection.is_symlink()
    seen = 0
    for folder, folders, _ in os.walk(collection, followlinks=True):
        seen += 1
        assert Path(folder).resolve() != ROOT
        assert not {".git", "inventory_service", "collections", ".venv"} & set(folders)
    assert seen < 1000


def test_nothing_is_left_unfinished(tracked: list[Path]) -> None:
    marks = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b(?!.*#\d)")
    suffixes = {".py", ".yml", ".yaml", ".toml", ".cfg", ".md", ".j2", ".sh", ""}
    field_errors = []
    for path in tracked:
        if path.suffix in suffixes and path.parts[0] != "LICENSES":
            text = (ROOT / path).read_text(encoding="utf-8", errors="replace")
            field_errors += [f"{path}: {line}" for line in text.splitlines() if marks.search(line)]
    assert not field_errors


def test_each_exception_from_a_rule_has_its_reason(tracked: list[Path]) -> None:
    """`noqa` and `type: ignore` name a code and say why; ansible-lint skips nothing."""
    bare = re.compile(r"# (?:noqa: [A-Z0-9, ]+|type: ignore(?:\[[a-z-, ]+\])?)\s*$")
    field_errors = []
    for path in python_files(tracked):
        if path.parts[0] == "tests":
            continue
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        for number, (above, line) in enumerate(pairwise(["", *lines]), 1):
            # A reason that does not fit beside it stands in the line above.
            if bare.search(line) and not above.lstrip().startswith("#"):
                field_errors.append(f"{path}:{number}: {line.strip()}")
    assert not field_errors
    config = (ROOT / ".ansible-lint").read_text(encoding="utf-8")
    assert not re.search(r"^(skip_list|warn_list):", config, flags=re.MULTILINE)


def test_each_ignored_ruff_rule_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lint = tomllib.loads(text)["tool"]["ruff"]["lint"]
    rules = set(lint["ignore"]).union(*lint["per-file-ignores"].values())
    explained = re.findall(r'"([A-Z]+[0-9]*)",?\]?\s*#\s*\S+', text)
    lines = [line for line in text.splitlines() if re.match(r'"[^"]+" = \[.*\] # ', line)]
    explained += re.findall(r'"([A-Z]+[0-9]*)"', " ".join(lines))
    assert rules <= set(explained), rules - set(explained)


def test_tests_sleep_only_between_looks_with_a_deadline(tracked: list[Path]) -> None:
    sleepers = set()
    for path in python_files(tracked):
        text = (ROOT / path).read_text(encoding="utf-8")
        if path.parts[0] == "tests" and "time.sleep" in text and "deadline" not in text:
            calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
            if any(ast.unparse(call.func) == "time.sleep" for call in calls):
                sleepers.add(path.as_posix())
    assert not sleepers
