# SPDX-License-Identifier: Apache-2.0
"""The rules of the domain are tested where neither Flask nor SQLAlchemy is installed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "tests" / "service"
RULES = [
    *SERVICE.glob("*/test_domain.py"),
    *SERVICE.glob("*/domain"),
    *(
        SERVICE / "core" / f"test_{name}.py"
        for name in (
            "actors",
            "clock",
            "errors",
            "field_types",
            "inputs",
            "json_numbers",
            "labels",
            "pagination",
            "preconditions",
            "redaction",
        )
    ),
]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.mark.slow
def test_the_rules_need_no_web_framework_and_no_database() -> None:
    done = run("-p", "tests.architecture.no_web", *map(str, RULES))
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed, done.stdout
    assert int(passed[1]) > 300
    assert "skipped" not in done.stdout


def test_what_is_not_installed_is_missed() -> None:
    done = run("-p", "tests.architecture.no_web", str(SERVICE / "http" / "test_auth.py"))
    assert done.returncode != 0
    assert "flask is not installed here" in done.stdout
