# SPDX-License-Identifier: Apache-2.0
"""A real nginx before several services: one address, each request to the next of them."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import requests

from tests.e2e.programs import find_program
from tests.e2e.service.process import Process, wait_until
from tests.ports import find_free_port

#: Which service has answered, as nginx tells it.
WHO = "X-Served-By"
CONFIGURATION = """
daemon off;
# One process, which stays whoever we are: its folder is closed to others.
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 16m;
  upstream services {{
    {servers}
    keepalive 16;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://services;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      add_header {who} $upstream_addr always;
    }}
  }}
}}
"""


@contextlib.contextmanager
def one_address(folder: Path, services: list[Process]) -> Iterator[str]:
    """Give the URL under which the services answer in turn."""
    folder.mkdir()
    port = find_free_port()
    servers = "\n    ".join(
        f"server {service.url.removeprefix('http://')};" for service in services
    )
    file = folder / "nginx.conf"
    text = CONFIGURATION.format(folder=folder, port=port, servers=servers, who=WHO)
    file.write_text(text, "utf-8")
    program = find_program("nginx", "nginx")
    log = folder / "error.log"
    with log.open("wb") as errors:
        nginx = subprocess.Popen(
            [program, "-c", file, "-p", folder, "-e", log], stdout=errors, stderr=errors
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(url), what=f"nginx; see {log}")
        yield url
    finally:
        nginx.terminate()
        nginx.wait(10)


def _answers(url: str) -> bool:
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(f"{url}/health/live", timeout=10).ok
    return False
