# SPDX-License-Identifier: Apache-2.0
"""A use case changes a row by a verb of its model, which checks the rules and leaves the record."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "inventory_service"
USECASES = sorted([*SERVICE.glob("*/usecases.py"), *SERVICE.glob("*/usecases/*.py")])


def find_assigned_columns(tree: ast.Module) -> list[int]:
    """Return the lines that set an attribute of another object, by whichever way."""
    return sorted({node.lineno for node in ast.walk(tree) if _sets_column(node)})


def _sets_column(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return not (isinstance(node.value, ast.Name) and node.value.id == "self")
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id == "setattr"
    is_update = isinstance(node.func, ast.Attribute) and node.func.attr == "values"
    # A heartbeat is no change of a node: it writes many rows in one statement.
    return is_update and {keyword.arg for keyword in node.keywords} != {"last_seen"}


@pytest.mark.parametrize("path", USECASES, ids=lambda path: str(path.relative_to(SERVICE)))
def test_no_use_case_sets_a_column(path: Path) -> None:
    lines = find_assigned_columns(ast.parse(path.read_text(encoding="utf-8")))
    assert not lines, f"{path}: lines {lines} set a column; give the model a verb"


@pytest.mark.parametrize(
    "sin",
    [
        "node.state = 'retired'",
        "entry.retired_at, entry.revision = at, 1",
        "session.get(Token, key).revoked_at = now",
        "lease.released_at: object = now",
        "node.revision += 1",
        "setattr(node, 'state', 'retired')",
        "session.execute(update(Node).values(state='retired'))",
    ],
)
def test_a_column_that_is_set_is_found(sin: str) -> None:
    assert find_assigned_columns(ast.parse(sin)) == [1]


def test_there_are_use_cases() -> None:
    assert {path.parts[-3] for path in USECASES if path.parent.name == "usecases"} >= {"fleet"}
