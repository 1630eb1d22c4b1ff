# SPDX-License-Identifier: Apache-2.0
"""The routes that clusters, projects, environments and services share, made once for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, create_model
from sqlalchemy.orm import Session

from inventory_service.core.actors import Scope
from inventory_service.core.errors import NotFound, PreconditionFailed
from inventory_service.core.labels import with_article
from inventory_service.fleet.domain.catalog import CatalogChange, RetirementRequest
from inventory_service.fleet.models.catalog import CatalogEntry
from inventory_service.fleet.usecases.catalog import (
    change_entry,
    get_entry,
    list_entries,
    register_entry,
    retire_entry,
)
from inventory_service.http.auth import SECURITY, require_scope
from inventory_service.http.dependencies import get_actor
from inventory_service.http.idempotency import read_expected, transactional
from inventory_service.http.pagination import ListQuery, ListSpec, page_of
from inventory_service.http.problems import raises
from inventory_service.http.responses import resource_response
from inventory_service.http.transactions import reading

View = TypeVar("View", bound=Callable[..., Response])


@dataclass(frozen=True)
class ResourceSpec:
    """What differs from one kind of catalog entry to the next: schemas, and checks of its own."""

    kind: type[CatalogEntry]
    #: The name of the kind in paths.
    collection: str
    registration: type[CatalogChange]
    change: type[CatalogChange]
    view: type[BaseModel]
    #: What a list of them can be sorted by.
    sortable: Sequence[str]
    #: When one may end, as a sentence for the documentation.
    end: str
    #: The use cases of a kind with checks of its own; without, those of the catalog.
    register: Callable[..., CatalogEntry] | None = None
    update: Callable[..., CatalogEntry] | None = None

    @property
    def key(self) -> str:
        """Return the field that holds the name."""
        return self.kind.FIELDS[0]

    def make_listing(self) -> ListSpec:
        """Return what a list of them offers."""
        return ListSpec(self.kind, self.view, tiebreakers=(self.key,), sortable=self.sortable)


def make_routes(contract: ResourceSpec) -> APIBlueprint:
    """Return the routes of one kind: list, register, show, change, retire."""
    routes = APIBlueprint(
        contract.collection,
        __name__,
        url_prefix=f"/api/v1/{contract.collection}",
        abp_tags=[Tag(name=contract.collection)],
        abp_security=SECURITY,
    )
    fields: dict[str, Any] = {contract.key: (str, Field(max_length=255))}
    path = create_model(f"{contract.kind.__name__}Path", **fields)
    _add_reading(routes, contract, path)
    _add_writing(routes, contract, path)
    return routes


def _add_reading(routes: APIBlueprint, contract: ResourceSpec, path_model: type[BaseModel]) -> None:
    noun = contract.kind.NOUN
    listing = contract.make_listing()
    query_fields: dict[str, Any] = {
        "sort": (str, listing.sort_field()),
        "fields": (str, listing.fields_field()),
    }
    query_model = create_model(f"{contract.kind.__name__}Query", __base__=ListQuery, **query_fields)

    @routes.get(
        "",
        summary=f"List {contract.collection}",
        description=f"{contract.collection.capitalize()}, by name at first, retired ones too.",
        responses={200: page_of(contract.view)},
    )
    @require_scope(Scope.VIEWER)
    @_takes(query=query_model)
    def list_all(query: ListQuery) -> Response:
        with reading() as session:
            entries = list_entries(session, contract.kind, listing.read(query))
            return listing.answer(query, entries, lambda entry: entry.as_dict())

    @routes.get(
        f"/<{contract.key}>",
        summary=f"Show {with_article(noun)}",
        description=f"The {noun} as it is now.",
        responses={200: contract.view},
    )
    @require_scope(Scope.VIEWER)
    @raises(NotFound)
    @_takes(path=path_model)
    def show(path: BaseModel) -> Response:
        with reading() as session:
            return resource_response(get_entry(session, contract.kind, getattr(path, contract.key)))


def _add_writing(routes: APIBlueprint, contract: ResourceSpec, path_model: type[BaseModel]) -> None:
    noun = contract.kind.NOUN
    register_kind = contract.register or partial(register_entry, kind=contract.kind)
    change_kind = contract.update or partial(change_entry, kind=contract.kind)

    @routes.post(
        "",
        summary=f"Register {with_article(noun)}",
        description=f"The {noun}'s name is not given again, not even after its retirement.",
        responses={201: contract.view},
    )
    @require_scope(Scope.OPERATOR)
    @transactional
    @_takes(body=contract.registration)
    def register(session: Session, body: CatalogChange) -> Response:
        entry = register_kind(session, get_actor(), wanted=body)
        location = f"/api/v1/{contract.collection}/{quote(entry.name, safe='')}"
        return resource_response(entry, HTTPStatus.CREATED, location=location)

    @routes.patch(
        f"/<{contract.key}>",
        summary=f"Change {with_article(noun)}",
        description="What is left out stays as it is; null clears a field.",
        responses={200: contract.view},
    )
    @require_scope(Scope.OPERATOR)
    @raises(NotFound, PreconditionFailed)
    @transactional
    @_takes(path=path_model, body=contract.change)
    def change(session: Session, path: BaseModel, body: CatalogChange) -> Response:
        name = getattr(path, contract.key)
        entry = change_kind(session, get_actor(), name=name, change=body, expected=read_expected())
        return resource_response(entry)

    @routes.post(
        f"/<{contract.key}>/retirement",
        summary=f"Retire {with_article(noun)}",
        description=contract.end,
        responses={201: contract.view},
    )
    @require_scope(Scope.OPERATOR)
    @raises(NotFound)
    @transactional
    @_takes(path=path_model)
    def retire(session: Session, path: BaseModel, body: RetirementRequest) -> Response:
        entry = retire_entry(session, get_actor(), contract.kind, getattr(path, contract.key), body)
        return resource_response(entry, HTTPStatus.CREATED)


def _takes(**models: type[BaseModel]) -> Callable[[View], View]:
    """Say what a view takes where only the contract knows it: flask-openapi3 reads annotations."""

    def mark(view: View) -> View:
        view.__annotations__ |= models
        return view

    return mark
