# SPDX-License-Identifier: Apache-2.0
"""`python -m demo up|hosts|down`: each step asks what is there already: all can be repeated."""

import shutil
import subprocess
import sys

from docker.errors import DockerException

from demo import service, summary
from demo.place import (
    BIN,
    CLUSTER,
    ENV_FILE,
    FOLDER,
    KEY,
    MESH_PREFIX,
    ROOT,
    Hosts,
    Stopped,
    write_overlay,
)
from demo.steps import Progress, console, order_run, run_playbook, run_quietly
from tests.hosts import engine, image, network

_QM = str(BIN / "qm")
_CSV = "demo/projects.csv"
#: Names the host image if the demo has built it.
_OWN_IMAGE = FOLDER / "image"
_NETWORK = f"qm-demo-{network.get_checkout()[:6]}"


def up() -> None:
    """Bring the example fleet up, prove that it works, and that a second run changes nothing."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    progress = Progress(8)
    with progress.step("Docker engine, host image and network"):
        hosts = _ensure_hosts()
    with progress.step("Inventory service on SQLite, and its worker for runs"):
        service.ensure(hosts.docker_host)
    with progress.step(f"{_CSV}: the plan, then the record of it"):
        _import_projects()
    with progress.step("provision.yml: planned nodes become servers"):
        run_playbook("provision", hosts.docker_host, "-e", "provision_failed=true")
    with progress.step("site.yml: base system, mesh and firewall"):
        run_playbook("site", hosts.docker_host)
    with progress.step("verify.yml: sshd hardened, each pair pings, each firewall is asked by all"):
        proof = run_playbook("verify", hosts.docker_host)
    with progress.step("site.yml once more, as a run of the service: nothing may change"):
        changed = order_run("site", hosts.docker_host).changed
        if not changed or any(changed.values()):
            raise Stopped(f"The second run changed something: {changed}")
    with progress.step("Summary"):
        summary.show(progress.seconds, changed, proof.find_message("Show who reaches whom"))


def prepare() -> None:
    """Make engine, image, network and key for hosts of one's own, and the file that names them."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    _ensure_hosts()
    console.print(f"Use them in this shell: . {ENV_FILE.relative_to(ROOT)}")


def down() -> None:
    """Remove all that `up` made, and nothing else."""
    if service.stop():
        console.print("stopped the service")
    found = engine.find()
    if found is not None:
        removed = network.remove(found, _NETWORK)
        console.print(f"removed the network {_NETWORK} with {len(removed)} hosts")
        if _OWN_IMAGE.exists():
            for name in image.remove_unused(found, _OWN_IMAGE.read_text("utf-8")):
                console.print(f"removed the image {name}")
        if found.is_private and not network.list_networks(found) and engine.stop():
            console.print("stopped the engine")
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
        console.print(f"removed {FOLDER.relative_to(ROOT)}")


def main() -> int:
    """Do one verb; returns 0, or 1 after a line that says what is wrong."""
    verbs = {"up": up, "hosts": prepare, "down": down}
    if len(sys.argv) != 2 or sys.argv[1] not in verbs:  # noqa: PLR2004 - program and verb
        console.print("usage: python -m demo up|hosts|down")
        return 2
    try:
        verbs[sys.argv[1]]()
    except (Stopped, engine.EngineMissing, DockerException) as error:
        console.print(f"[bold red]demo:[/] {error}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted. `make demo` goes on from here, `make demo-down` removes it.")
        return 130
    return 0


def _ensure_hosts() -> Hosts:
    found = engine.ensure()
    console.print(f"      engine {found.docker_host}", style="dim")
    if not image.is_built(found, "bookworm"):
        # Noted before it is built: an image that was there already is somebody else's.
        _OWN_IMAGE.write_text(image.get_name("bookworm"), "utf-8")
    name = image.ensure(found, "bookworm")
    console.print(f"      image {name}", style="dim")
    subnet = network.ensure(found, _NETWORK).subnet
    console.print(f"      network {_NETWORK} {subnet}", style="dim")
    if not KEY.exists():
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "quartermaster demo", "-f", KEY],
            check=True,
        )
    hosts = Hosts(found.docker_host, _NETWORK, name)
    write_overlay(hosts)
    return hosts


def _import_projects() -> None:
    clusters = run_quietly([_QM, "cluster", "list", "--json"])
    if f'"{CLUSTER}"' not in clusters:
        run_quietly([_QM, "cluster", "add", CLUSTER, "--mesh-prefix", MESH_PREFIX])
    said = run_quietly([_QM, "import", "csv", _CSV, "--cluster", CLUSTER, "--apply", "--yes"])
    console.print(said.rstrip(), style="dim", markup=False)


if __name__ == "__main__":
    sys.exit(main())
