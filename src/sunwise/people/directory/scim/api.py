"""The routes under /scim/v2, in SCIM's own words also where something goes wrong."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    InvalidFilterException,
    ListResponse,
    Message,
    PayloadTooLargeException,
    ResponseParameters,
    SCIMException,
    SearchRequest,
)

from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.guard import Principal, Right
from sunwise.people.directory.objects import Kind
from sunwise.people.directory.scim.protocol import Scim
from sunwise.people.directory.scim.resources import Group, Kept, KeptUser, provider, schemas

PREFIX: Final = "/scim/v2"
MEDIA_TYPE: Final = "application/scim+json"
_MAX_BODY_BYTES: Final = 4 * 1024 * 1024
_MAX_FILTER: Final = 1_000
_KINDS: Final = {"Users": Kind.PERSON, "Groups": Kind.TEAM}
_SEARCHES: Final[dict[Kind | None, Any]] = {
    Kind.PERSON: SearchRequest[KeptUser],
    Kind.TEAM: SearchRequest[Group],
    None: SearchRequest[Kept],
}
_DISCOVERY: Final = ("ServiceProviderConfig", "ResourceTypes", "Schemas")
_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]
Requirement = Callable[..., Principal]


class _ScimRoute(APIRoute):
    """Answers every fault as a SCIM error."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await handle(request)
            except SCIMException as fault:
                return _error(fault.to_error())
            except ValidationError as fault:
                return _error(Error.from_validation_error(fault.errors()[0]))
            except HTTPException as fault:
                return _error(Error(status=fault.status_code, detail=str(fault.detail)))
            except Retryable as fault:
                return _error(Error(status=503, detail=str(fault)))
            except Permanent as fault:
                return _error(Error(status=409, detail=str(fault)))

        return handler


def scim_router(scim: Scim, *, require: Callable[[Right], Requirement]) -> APIRouter:
    """The server; every route asks for the right to import."""
    router = APIRouter(prefix=PREFIX, tags=["SCIM 2.0"], route_class=_ScimRoute)
    principal = Annotated[Principal, Depends(require(Right.DIRECTORY_IMPORT))]
    _discovery(router, principal)
    _searches(router, scim, principal)
    for name, kind in _KINDS.items():
        _resources(router, scim, (name, kind), principal)
    _elsewhere(router, principal)
    return router


def _discovery(router: APIRouter, principal: Any) -> None:  # noqa: ANN401 - an annotation
    @router.get("/ServiceProviderConfig", summary="What this server can do")
    def config(request: Request, _principal: principal) -> Response:
        found = provider().config
        assert found is not None, "it is given"
        return _answer(request, found)

    @router.get("/ResourceTypes", summary="Users and groups")
    def types(request: Request, _principal: principal) -> Response:
        return _answer(request, _listed(provider().resource_types))

    @router.get("/ResourceTypes/{name}", summary="One of them")
    def one_type(request: Request, name: str, _principal: principal) -> Response:
        return _answer(request, _named(provider().resource_types, name))

    @router.get("/Schemas", summary="Which attributes are kept")
    def all_schemas(request: Request, _principal: principal) -> Response:
        return _answer(request, _listed(schemas()))

    @router.get("/Schemas/{name}", summary="One of them")
    def one_schema(request: Request, name: str, _principal: principal) -> Response:
        return _answer(request, _named(schemas(), name))


def _searches(router: APIRouter, scim: Scim, principal: Any) -> None:  # noqa: ANN401
    async def search(request: Request, kind: Kind | None) -> Response:
        model = _SEARCHES[kind]
        body = await _body(request)
        asked: SearchRequest[Any] = _bounded(
            lambda: model.model_validate_json(body, scim_ctx=Context.SEARCH_REQUEST), body
        )
        kinds = tuple(_KINDS.values()) if kind is None else (kind,)
        found = await run_in_threadpool(scim.search, kinds, asked)
        return _answer(request, found, Context.SEARCH_RESPONSE, asked)

    @router.post("/.search", summary="Search users and groups")
    async def everything(request: Request, _principal: principal) -> Response:
        return await search(request, None)

    @router.post("/Users/.search", summary="Search users")
    async def users(request: Request, _principal: principal) -> Response:
        return await search(request, Kind.PERSON)

    @router.post("/Groups/.search", summary="Search groups")
    async def groups(request: Request, _principal: principal) -> Response:
        return await search(request, Kind.TEAM)


def _resources(
    router: APIRouter,
    scim: Scim,
    what: tuple[str, Kind],
    principal: Any,  # noqa: ANN401
) -> None:
    name, kind = what

    @router.get(f"/{name}", summary=f"Find {name.lower()}")
    def query(request: Request, _principal: principal) -> Response:
        given = dict(request.query_params)
        model = _SEARCHES[kind]
        asked: SearchRequest[Any] = _bounded(
            lambda: model.model_validate(given), given.get("filter", "")
        )
        found = scim.search([kind], asked)
        return _answer(request, found, Context.RESOURCE_QUERY_RESPONSE, asked)

    @router.post(f"/{name}", status_code=201, summary="Create")
    async def create(request: Request, principal: principal) -> Response:
        body = await _body(request)
        made = await run_in_threadpool(scim.create, kind, body, by=principal)
        return _answer(request, made, Context.RESOURCE_CREATION_RESPONSE, status=201)

    @router.get(f"/{name}/{{id_}}", summary="Read")
    def read(request: Request, id_: str, _principal: principal) -> Response:
        asked: ResponseParameters[Any] = ResponseParameters.model_validate(
            dict(request.query_params)
        )
        found = scim.get(kind, id_)
        version = found.meta.version if found.meta else None
        if version and request.headers.get("if-none-match") == version:
            return Response(status_code=304, headers={"etag": version})
        return _answer(request, found, Context.RESOURCE_QUERY_RESPONSE, asked)

    def change(method: str, act: Callable[..., Kept], context: Context) -> None:
        @router.api_route(f"/{name}/{{id_}}", methods=[method], summary=method.title())
        async def changed(request: Request, id_: str, principal: principal) -> Response:
            body, if_match = await _body(request), request.headers.get("if-match", "")
            now = await run_in_threadpool(act, kind, id_, body, by=principal, if_match=if_match)
            return _answer(request, now, context)

    change("PUT", scim.replace, Context.RESOURCE_REPLACEMENT_RESPONSE)
    change("PATCH", scim.patch, Context.RESOURCE_PATCH_RESPONSE)

    @router.delete(f"/{name}/{{id_}}", status_code=204, summary="Delete")
    def delete(request: Request, id_: str, principal: principal) -> Response:
        if_match = request.headers.get("if-match", "")
        scim.delete(kind, id_, by=principal, if_match=if_match)
        return Response(status_code=204)


def _elsewhere(router: APIRouter, principal: Any) -> None:  # noqa: ANN401
    @router.api_route("/{path:path}", methods=_METHODS, include_in_schema=False)
    def elsewhere(path: str, _principal: principal) -> Response:
        first = path.partition("/")[0]
        if first in _DISCOVERY or first in _KINDS:
            return _error(Error(status=405, detail=f"Not with this method at /{first}."))
        return _error(Error(status=404, detail="There is nothing of that name here."))


def _bounded(read: Callable[[], SearchRequest[Any]], text: str | bytes) -> SearchRequest[Any]:
    """What was asked for, if its filter is one that can be read. Raises InvalidFilterException."""
    if len(text) > _MAX_FILTER:
        raise InvalidFilterException(detail=f"The filter is longer than {_MAX_FILTER} characters.")
    try:
        return read()
    except RecursionError as error:
        raise InvalidFilterException(detail="The filter is nested too deeply.") from error


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MAX_BODY_BYTES:
            limit = _MAX_BODY_BYTES // 1024 // 1024
            raise PayloadTooLargeException(detail=f"More than {limit} MiB: send it in parts.")
    return bytes(body)


def _listed(found: Any) -> Message:  # noqa: ANN401 - any kind of resource
    resources = list(found)
    found_of: Any = ListResponse.__class_getitem__(type(resources[0]))
    answer: Message = found_of(
        total_results=len(resources),
        start_index=1,
        items_per_page=len(resources),
        resources=resources,
    )
    return answer


def _named(found: Any, name: str) -> Any:  # noqa: ANN401 - any kind of resource
    for each in found:
        if name in (each.id, getattr(each, "name", None)):
            return each
    raise HTTPException(404, f"There is no {name!r:.80}.")


def _answer(
    request: Request,
    found: Any,  # noqa: ANN401 - any kind of resource
    context: Context = Context.RESOURCE_QUERY_RESPONSE,
    asked: ResponseParameters[Any] | None = None,
    *,
    status: int = 200,
) -> Response:
    base = str(request.base_url).rstrip("/") + PREFIX
    for each in getattr(found, "resources", None) or [found]:
        _locate(each, base)
    headers = {}
    if isinstance(found, KeptUser | Group) and found.meta and found.meta.version:
        headers = {"etag": found.meta.version, "location": str(found.meta.location)}
    content = found.model_dump_json(scim_ctx=context, response_parameters=asked)
    return Response(content, status, headers, media_type=MEDIA_TYPE)


def _locate(resource: Any, base: str) -> None:  # noqa: ANN401 - any kind of resource
    """Addresses are those by which this client reached the server."""
    if isinstance(resource, KeptUser | Group) and resource.meta:
        place = "Groups" if isinstance(resource, Group) else "Users"
        resource.meta.location = f"{base}/{place}/{resource.id}"
    if isinstance(resource, Group):
        for member in resource.members or ():
            member.ref = f"{base}/Users/{member.value}"  # type: ignore[assignment]


def _error(error: Error) -> Response:
    return Response(error.model_dump_json(), error.status or 500, media_type=MEDIA_TYPE)
