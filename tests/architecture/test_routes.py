# SPDX-License-Identifier: Apache-2.0
"""A view reads the request, calls one use case and shapes the answer; it decides nothing."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "inventory_service"
METHODS = {"get", "post", "put", "patch", "delete", "route"}
MAX_BODY_LINES = 10
#: Views that decide, each with the reason.
EXCEPTIONS = {
    "http/health.py:ready": "it is itself the check, and no capability has a use case for it",
}


def find_views(tree: ast.Module) -> list[ast.FunctionDef]:
    """Return the functions that a route decorates, at any depth."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [view for view in functions if any(map(_is_route, view.decorator_list))]


def _is_route(decorator: ast.expr) -> bool:
    return (
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in METHODS
    )


def find_faults(view: ast.FunctionDef) -> list[str]:
    """Return what of a view belongs into a use case; the docstring is documentation of the API."""
    body = view.body[1:] if ast.get_docstring(view) is not None else view.body
    faults = []
    if body:
        lines = (body[-1].end_lineno or 0) - body[0].lineno + 1
        if lines > MAX_BODY_LINES:
            faults.append(f"{view.name}: {lines} lines")
    if any(isinstance(node, ast.If | ast.Match) for part in body for node in ast.walk(part)):
        faults.append(f"{view.name}: it decides")
    return faults


VIEWS = {
    f"{path.relative_to(SERVICE)}:{view.name}": view
    for path in sorted(SERVICE.rglob("*.py"))
    for view in find_views(ast.parse(path.read_text(encoding="utf-8")))
}
SOUND = {name: view for name, view in VIEWS.items() if name not in EXCEPTIONS}


@pytest.mark.parametrize("view", SOUND.values(), ids=SOUND)
def test_a_view_is_short_and_leaves_decisions_to_the_use_case(view: ast.FunctionDef) -> None:
    assert not find_faults(view)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("    if body.apply: pass", "it decides"),
        ("    with reading():\n        if body.apply: pass", "it decides"),
        ("    match body.format:\n        case _: pass", "it decides"),
        ("    pass\n" * 11, "11 lines"),
        ('    """Eleven."""\n' + "    pass\n" * 11, "11 lines"),
    ],
)
def test_a_view_that_does_more_is_found(body: str, fault: str) -> None:
    [view] = find_views(ast.parse(f"@routes.post('')\ndef view(body):\n{body}"))
    assert find_faults(view) == [f"view: {fault}"]


def test_each_exception_is_still_needed() -> None:
    assert all(find_faults(VIEWS[name]) for name in EXCEPTIONS)


def test_the_views_of_all_capabilities_are_seen() -> None:
    capabilities = {name.split("/")[0] for name in VIEWS}
    assert capabilities >= {"fleet", "inventory", "identity", "imports", "audit"}
