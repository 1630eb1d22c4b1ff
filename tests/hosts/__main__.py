# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.hosts up|image|network|down`: the test-host engine for people and playbooks.

What a program wants (an address, an image's name, a subnet) goes to standard output; all else to
standard error.
"""

import argparse
import contextlib
import sys
from collections.abc import Callable, Sequence

from docker.errors import DockerException

from tests.hosts import engine, image, network


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one verb; returns 0, or 1 after one line on standard error that says what is missing."""
    options = _parse(arguments)
    act: Callable[[argparse.Namespace], str] = options.act
    try:
        with contextlib.redirect_stdout(sys.stderr):
            answer = act(options)
    except (engine.EngineMissing, DockerException) as error:
        print(f"tests.hosts {options.verb}: {error}", file=sys.stderr)
        return 1
    if answer:
        print(answer)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the verb's options, with the function to call as `act`."""
    parser = argparse.ArgumentParser(prog="python -m tests.hosts", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)

    up = verbs.add_parser("up", help="make an engine answer; prints its address")
    up.set_defaults(act=_up)

    build = verbs.add_parser("image", help="build the host image if missing; prints its name")
    build.add_argument("--suite", choices=image.SUITES, default="bookworm")
    build.add_argument("--equipped", action="store_true", help="with the roles' packages")
    build.set_defaults(act=_image)

    join = verbs.add_parser("network", help="make a network if missing; prints its subnet")
    join.add_argument("name")
    join.set_defaults(act=_network)

    down = verbs.add_parser(
        "down", help="remove networks with their hosts, and stop our engine if nothing is left"
    )
    down.add_argument("names", nargs="*", metavar="NETWORK", help="default: this checkout's")
    down.add_argument("--all", action="store_true", help="also what other checkouts made")
    down.add_argument("--images", action="store_true", help="also the images nobody uses")
    down.set_defaults(act=_down)
    return parser.parse_args(arguments)


def _up(_options: argparse.Namespace) -> str:
    """Return the address of an engine that answers."""
    return engine.ensure().docker_host


def _image(options: argparse.Namespace) -> str:
    """Return the name of the host image of a suite."""
    ensure = image.ensure_equipped if options.equipped else image.ensure
    return ensure(engine.ensure(), options.suite)


def _network(options: argparse.Namespace) -> str:
    """Return the subnet of the network."""
    return network.ensure(engine.ensure(), options.name).subnet


def _down(options: argparse.Namespace) -> str:
    """Remove what is ours; an engine that was not started by us is left running."""
    found = engine.find()
    if found is None:
        print("no engine answers: nothing to remove")
        return ""
    checkout = None if options.all else network.get_checkout()
    known = [n.name for n in network.list_networks(found, checkout=checkout)]
    for name in options.names or known:
        hosts = network.remove(found, name)
        if hosts or name in known:
            print(f"removed the network {name} with {len(hosts)} hosts")
        else:
            print(f"there is no network {name}")
    if options.images:
        for name in image.remove_unused(found):
            print(f"removed the image {name}")
    if not found.is_private or options.names:
        return ""
    left = network.list_networks(found)
    if left:
        print(f"the engine goes on for {', '.join(n.name for n in left)}")
    elif engine.stop():
        print("stopped the engine")
    return ""


if __name__ == "__main__":
    sys.exit(main())
