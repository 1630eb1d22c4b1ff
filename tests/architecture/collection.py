# SPDX-License-Identifier: Apache-2.0
"""ansible-test on what ships: build the collection, install it, test the installed files.

The sanity tests are those of the newest ansible-core; the unit tests run on the oldest one, and a
part of them by `ansible-test units`: docs/decisions/0027-units-once-on-each-core.md.

Run by `make test` as `python -m tests.architecture.collection`. The collection is installed
outside the checkout: below a git repository that ignores it, ansible-test finds no files, says
"All targets skipped" and succeeds. That sentence is a failure here.
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ansible_test

from tests.cores import get_oldest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
REQUIREMENTS = Path(next(iter(ansible_test.__path__))) / "_data" / "requirements"
# ansible-test keeps environments for its tests below HOME; these are ours and go with `make clean`.
HOME = ROOT / "build" / "ansible-test"
TIMEOUT_S = 1100

# Tests that look for files of a kind that a collection without them cannot hold, or that need a
# program which is no Python package; each with its reason.
SKIPPED = {
    "pslint": "checks PowerShell, needs pwsh; there is none in this collection",
    "shellcheck": "needs the program shellcheck; there is no shell script in this collection",
}

# By ansible-test each test is a process of its own, which takes twice the time of all. These have
# tests for each place in which it runs them: the controller, modules and their utilities.
FORKED = [f"tests/unit/plugins/{part}/" for part in ("filter", "modules", "module_utils/_firewall")]
OPTIONS = ["-q", "-W", "error", "--import-mode=importlib", "-p", "no:cacheprovider"]

SILENT_SKIP = re.compile(r"All targets skipped|no tests ran")
ENDED = re.compile(r'^Running sanity test "(?P<name>[^"]+)"', re.MULTILINE)
FAILED = re.compile(
    r"sanity test\(s\) listed below \(out of \d+\) failed\..*\n(?P<names>(?:[a-z].*\n)+)"
)
WITHOUT_PIP = re.compile(r'Python [\d.]+ at "(?P<path>[^"]+)/bin/python" does not have pip')


def main() -> int:
    """Run all; return the exit code.

    The sanity tests take one core and the unit tests another, each with files of their own.
    """
    artifact = build()
    with tempfile.TemporaryDirectory(prefix="qm-") as folder, ThreadPoolExecutor() as pool:
        for_sanity, for_units = (install(artifact, Path(folder, name)) for name in ("a", "b"))
        is_tested = pool.submit(run_units, for_units)
        is_sane = pool.submit(run_sanity, for_sanity)
        return 0 if is_sane.result() and is_tested.result() else 1


def build() -> Path:
    """Return the collection's artifact, freshly built."""
    out = ROOT / "build"
    out.mkdir(exist_ok=True)
    run(["ansible-galaxy", "collection", "build", "--force", "--output-path", str(out)], ROOT)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return out / f"quartermaster-fleet-{version}.tar.gz"


def install(artifact: Path, folder: Path) -> Path:
    """Return the root of the collection as a user gets it."""
    # Its dependencies come with the Python package `ansible` here; Galaxy may be out of reach.
    options = ["--collections-path", str(folder), "--force", "--no-deps", "--offline"]
    run(["ansible-galaxy", "collection", "install", str(artifact), *options], ROOT)
    return folder / "ansible_collections" / "quartermaster" / "fleet"


def run_sanity(installed: Path) -> bool:
    """Run the sanity tests, say how each ended, and return whether none failed."""
    listed = ansible_test_command(["sanity", "--list-tests"], installed).stdout.split()
    names = [name for name in listed if name not in SKIPPED]
    _prepare_environments(names, installed)
    result = ansible_test_command(_sanity(names), installed)
    output = result.stdout + result.stderr
    good = find_good(names, output, result.returncode)
    for name in listed:
        if name in SKIPPED:
            say(f"  skipped  {name}: {SKIPPED[name]}")
        else:
            say(f"  {'passed ' if name in good else 'FAILED '}  {name}")
    if len(good) < len(names):
        say(output)
    failed, skipped = len(names) - len(good), len(listed) - len(names)
    say(f"sanity: {len(good)} passed, {failed} failed, {skipped} skipped")
    return failed == 0 and len(good) > 0


def find_good(names: list[str], output: str, code: int) -> set[str]:
    """Return which sanity tests passed: those that ran, and are not listed as failed.

    Where ansible-test skips all, or fails and lists none, no test has passed.
    """
    listed = FAILED.search(output)
    if SILENT_SKIP.search(output) or bool(code) != bool(listed):
        return set()
    failed = {line.split()[0] for line in listed["names"].splitlines()} if listed else set()
    return set(names) & set(ENDED.findall(output)) - failed


def run_units(installed: Path) -> bool:
    """Run the unit tests that ship, and return whether they passed and were not skipped."""
    by_ansible_test = ansible_test_command(["units", "--python", PYTHON, *FORKED], installed)
    return all(
        [_is_tested("forked units", by_ansible_test), _is_tested("units", pytest(installed))]
    )


def pytest(installed: Path) -> subprocess.CompletedProcess[str]:
    """Run all unit tests that ship on the oldest ansible-core, and return how that ended."""
    return subprocess.run(
        [get_oldest() / "pytest", *OPTIONS, "tests/unit"],
        cwd=installed,
        env={
            **{name: value for name, value in os.environ.items() if name != "ANSIBLE_CONFIG"},
            "PYTHONPATH": str(installed.parents[2]),
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )


def _is_tested(name: str, result: subprocess.CompletedProcess[str]) -> bool:
    passed = sum(int(count) for count in re.findall(r"(\d+) passed", result.stdout))
    is_good = result.returncode == 0 and passed > 0 and not SILENT_SKIP.search(result.stderr)
    if not is_good:
        say(result.stdout + result.stderr)
    say(f"{name}: {passed} passed, {0 if is_good else 1} failed")
    return is_good


def _sanity(names: list[str]) -> list[str]:
    """Return the command for some sanity tests, which are run in one go."""
    return ["sanity", "--python", PYTHON, *(word for name in names for word in ("--test", name))]


def _prepare_environments(names: list[str], installed: Path) -> None:
    """Make what ansible-test finds missing; it asks for one environment after the other."""
    for _ in names:
        result = ansible_test_command([*_sanity(names), "--prime-venvs"], installed)
        missing = WITHOUT_PIP.search(result.stderr + result.stdout)
        if not missing:
            return
        _make_environment(Path(missing["path"]))


def _make_environment(path: Path) -> None:
    """Make the environment of a sanity test with pip from this Python and pinned packages.

    ansible-test would fetch pip from a host of its own, which a closed network does not reach;
    its packages come from the package index, in the versions that ansible-test pins.
    """
    label = path.parent.parent.name
    venv.create(path, with_pip=True, clear=True)
    requirements = REQUIREMENTS / f"{label}.txt"
    pip = [str(path / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    run([*pip, "--disable-pip-version-check", "--requirement", str(requirements)], ROOT)
    (path / "meta.yaml.json").write_text('{"yaml": true, "cloader": true}', encoding="utf-8")
    (path / "marker.txt").touch()


def ansible_test_command(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ansible-test in a folder, with its own HOME, and return how it ended."""
    return subprocess.run(
        [
            BIN / "ansible-test",
            *words,
            *(["--color", "no"] if "--list-tests" not in words else []),
        ],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if name != "ANSIBLE_CONFIG"},
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(HOME),
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )


def say(line: str) -> None:
    """Tell the person who waits; each line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def run(words: list[str], folder: Path) -> None:
    """Run a command; show what it said if it fails."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    result = subprocess.run(
        words,
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    if result.returncode != 0:
        sys.exit(f"{' '.join(words)} failed:\n{result.stdout}{result.stderr}")


if __name__ == "__main__":
    sys.exit(main())
