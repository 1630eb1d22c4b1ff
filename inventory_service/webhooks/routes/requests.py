# SPDX-License-Identifier: Apache-2.0
"""The route to which other programs send their requests: it needs a signature, and no token."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag

from inventory_service.core.encryption import Vault
from inventory_service.core.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    Unauthorized,
    Unavailable,
)
from inventory_service.http.auth import public
from inventory_service.http.dependencies import get_component
from inventory_service.http.problems import raises
from inventory_service.http.responses import json_response
from inventory_service.http.transactions import reading, writing
from inventory_service.runs.domain.sources import RunSources
from inventory_service.webhooks.domain.signatures import Proof
from inventory_service.webhooks.routes.schemas import Payload, WebhookDeliveryOut
from inventory_service.webhooks.routes.webhooks import WebhookPath
from inventory_service.webhooks.usecases import deliveries as acts

routes = APIBlueprint(
    "webhook_requests",
    __name__,
    url_prefix="/api/v1/webhooks",
    abp_tags=[Tag(name="webhooks")],
)


@routes.post(
    "/<webhook>/deliveries",
    summary="Send a signed request",
    responses={200: WebhookDeliveryOut, 202: WebhookDeliveryOut},
)
@public
@raises(Unauthorized, Conflict, Forbidden, NotFound, BadInput, Unavailable)
def receive(path: WebhookPath, body: Payload) -> Response:  # noqa: ARG001 - its bytes are signed
    """Needs no token but a signature; 202 if a run is ordered, 200 if it is ignored or came before.

    How to sign it stands in docs/webhooks.md.
    """
    received = _read_request()
    proof, sources = _prove(path.webhook, received), get_component(RunSources)
    with writing() as session:
        taken = acts.take_request(session, path.webhook, received, proof, sources=sources)
        shown = taken.delivery.as_dict()
    taken.check()
    return json_response(shown, HTTPStatus.ACCEPTED if taken.is_new else HTTPStatus.OK)


def _read_request() -> acts.Received:
    return acts.Received(
        headers={name.lower(): value for name, value in request.headers.items()},
        raw=request.get_data(),
        body=request.get_json(),
        address=request.remote_addr or "",
        at=datetime.now(UTC),
    )


def _prove(name: str, received: acts.Received) -> Proof:
    """Return what the signature proves; that it proves nothing is noted at the webhook.

    :raises Unauthorized: it does not fit, or is too old.
    """
    try:
        with reading() as session:
            return acts.prove(session, name, received, vault=get_component(Vault))
    except Unauthorized as error:
        with reading() as session:
            has_to_note = acts.has_to_note(session, name, received.at)
        if has_to_note:
            with writing() as session:
                acts.note_refusal(session, name, error.detail, received.at)
        raise
