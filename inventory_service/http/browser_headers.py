# SPDX-License-Identifier: Apache-2.0
"""What a browser may do with an answer: nothing, but for the page that shows the API."""

import base64
import hashlib
import re

from flask import Response, request
from flask_openapi3 import OpenAPI

from inventory_service.http.auth import is_page

_NOTHING = "default-src 'none'; frame-ancestors 'none'"
#: Swagger UI: its own files, the document, and styles that it writes into its elements.
_PAGE = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def init_app(app: OpenAPI) -> None:
    """Add the headers to each answer."""

    @app.after_request
    def _add(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = _choose_policy(response)
        return response


def _choose_policy(response: Response) -> str:
    if not is_page(request.endpoint) or response.mimetype != "text/html":
        return _NOTHING
    # The scripts that flask-openapi3 writes into its page, by their hashes: no other one runs.
    hashes = (hashlib.sha256(script).digest() for script in _SCRIPT.findall(response.get_data()))
    scripts = "".join(f" 'sha256-{base64.b64encode(one).decode()}'" for one in hashes)
    return _PAGE.format(scripts=scripts)
