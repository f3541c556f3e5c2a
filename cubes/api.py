"""The HTTP API over the cubes: Starlette routes that answer JSON, or Arrow for results.

Problems are answered as issues (what, why, the way out) with status 400 or 404, never as a
traceback. `cubes.api_models` says what goes in and out, and makes the OpenAPI document.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cubes import Explanation, Query, Result, Sort, Top
from cubes.api_answers import answer_text, arrow_bytes, plain
from cubes.api_models import (
    CubeInfo,
    CubeList,
    CubeSummary,
    ExplainAnswer,
    Health,
    HierarchyInfo,
    LevelInfo,
    MeasureInfo,
    MemberList,
    QueryRequest,
    VersionInfo,
    VersionList,
    openapi,
)
from cubes.operations import Operations, Version
from metadata.errors import Issue, UserError, did_you_mean
from metadata.repository import Repository, ResolvedCube

ARROW = "application/vnd.apache.arrow.stream"
MOST_BODY_BYTES = 256 * 1024
MOST_MEMBERS = 10_000
_LISTS = ("measures", "rows", "columns")
_log = logging.getLogger("rapport.api")


class NotFound(UserError):
    """The thing asked for does not exist: answered with 404."""


class Answers(Protocol):
    """What the API needs of an engine."""

    @property
    def repository(self) -> Repository:
        """The metadata of the version that answers."""
        ...

    def seen_by(self, user: str) -> Answers:
        """The same for one person; empty where nobody signs in."""
        ...

    def query(self, query: Query) -> Result:
        """Answer a question."""
        ...

    def explain(self, query: Query) -> Explanation:
        """How it would be answered."""
        ...

    def members(
        self, cube: str, level: str, *, search: str | None = None, limit: int = 100,
        where: str | None = None,
    ) -> list[Any]:  # fmt: skip
        """Members of a level, in their order."""
        ...

    def version(self) -> int | None:
        """The version that answers; None before the first."""
        ...


USER_HEADER = "x-rapport-user"
"""Who is signed in. Whatever stands before the routes sets it, and takes away what came along."""


def api_routes(engine: Answers, operations: Operations) -> list[BaseRoute]:
    """The routes under `/api`, for any Starlette application."""
    api = _Api(engine, operations)
    handlers: tuple[tuple[str, Callable[[Request], Awaitable[Response]], list[str]], ...] = (
        ("/api/health", api.health, ["GET"]),
        ("/api/versions", api.versions, ["GET"]),
        ("/api/cubes", api.cubes, ["GET"]),
        ("/api/cubes/{cube}", api.cube, ["GET"]),
        ("/api/cubes/{cube}/members", api.members, ["GET"]),
        ("/api/query", api.query, ["GET", "POST"]),
        ("/api/explain", api.explain, ["GET", "POST"]),
        ("/api/openapi.json", api.openapi, ["GET"]),
        ("/api/{rest:path}", api.nothing, ["GET", "POST", "PUT", "PATCH", "DELETE"]),
    )
    return [Route(path, _guarded(handler), methods=methods) for path, handler, methods in handlers]


class _Api:
    """The handlers; each reads a request, asks the engine in a thread, and writes the answer."""

    def __init__(self, engine: Answers, operations: Operations) -> None:
        self._engine = engine
        self._operations = operations

    async def _seen(self, request: Request) -> Answers:
        """What whoever is signed in sees."""
        user = request.headers.get(USER_HEADER, "")
        return await run_in_threadpool(self._engine.seen_by, user)

    async def health(self, request: Request) -> Response:
        version = await run_in_threadpool(self._engine.version)
        return _json(Health(status="empty" if version is None else "ok", version=version))

    async def versions(self, request: Request) -> Response:
        current = await run_in_threadpool(self._engine.version)
        found = await run_in_threadpool(self._operations.versions)
        return _json(VersionList(versions=[_version_info(each, current) for each in found]))

    async def cubes(self, request: Request) -> Response:
        repository = (await self._seen(request)).repository
        cubes = [_summary(cube) for _, cube in sorted(repository.cubes.items())]
        absent = {
            name.removeprefix("cube "): reason
            for name, reason in sorted(repository.absent.items())
            if name.startswith("cube ")
        }
        return _json(CubeList(cubes=cubes, absent=absent))

    async def cube(self, request: Request) -> Response:
        seen = await self._seen(request)
        return _json(_cube_info(_cube(seen.repository, request.path_params["cube"])))

    async def members(self, request: Request) -> Response:
        seen, given = await self._seen(request), request.query_params
        cube = _cube(seen.repository, request.path_params["cube"])
        _known_parameters(given, {"level", "search", "where", "limit"})
        level = given.get("level", "")
        if level not in cube.levels:
            raise NotFound(
                f"Cube '{cube.name}' has no level '{level}'.",
                why="A level is written role.attribute.",
                fix=did_you_mean(level, cube.levels),
            )
        limit = _whole_number("limit", given.get("limit", "100"), MOST_MEMBERS)
        found = await run_in_threadpool(
            seen.members, cube.name, level, search=given.get("search"),
            limit=limit, where=given.get("where"),
        )  # fmt: skip
        return _json(MemberList(level=level, members=[plain(member) for member in found]))

    async def query(self, request: Request) -> Response:
        asked = await _asked(request)
        seen = await self._seen(request)
        _cube(seen.repository, asked.cube)
        result = await run_in_threadpool(seen.query, _query(asked))
        if asked.format == "arrow" or ARROW in request.headers.get("accept", ""):
            return Response(arrow_bytes(result.table), media_type=ARROW)
        return Response(await run_in_threadpool(answer_text, result), media_type="application/json")

    async def explain(self, request: Request) -> Response:
        asked = await _asked(request)
        seen = await self._seen(request)
        _cube(seen.repository, asked.cube)
        found = await run_in_threadpool(seen.explain, _query(asked))
        return _json(ExplainAnswer(sql=found.sql, used=found.used, notes=list(found.notes)))

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(openapi(self._engine.repository.workspace.name))

    async def nothing(self, request: Request) -> Response:
        raise NotFound(
            f"The API has no address {request.url.path}.",
            fix="See /api/openapi.json for what it has.",
        )


def _cube(repository: Repository, name: str) -> ResolvedCube:
    cube = repository.cubes.get(name)
    if cube is None:
        raise NotFound(
            f"There is no cube '{name}'.",
            why=repository.absent.get(f"cube {name}", ""),
            fix=did_you_mean(name, repository.cubes),
        )
    return cube


async def _asked(request: Request) -> QueryRequest:
    """The question, from a JSON body or from the address."""
    try:
        if request.method == "POST":
            return QueryRequest.model_validate_json(await _body(request))
        return QueryRequest.model_validate(_from_address(request))
    except ValidationError as error:
        raise _wrong(error) from None


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            raise UserError(
                "The request is too large.", why=f"The most is {MOST_BODY_BYTES} bytes."
            )
    return body


def _from_address(request: Request) -> dict[str, Any]:
    given = request.query_params
    _known_parameters(given, set(QueryRequest.model_fields))
    content: dict[str, Any] = {name: given[name] for name in given}
    for name in _LISTS:
        if name in content:
            content[name] = [part.strip() for part in content[name].split(",") if part.strip()]
    if "sort" in content:
        keys = [part.strip() for part in content["sort"].split(",") if part.strip()]
        content["sort"] = [
            {"by": key.lstrip("-"), "descending": key.startswith("-")} for key in keys
        ]
    if "top" in content:
        count, _, by = content["top"].partition(":")
        content["top"] = {"n": count.lstrip("-"), "by": by, "descending": not count.startswith("-")}
    return content


def _known_parameters(given: Mapping[str, str], known: set[str]) -> None:
    for name in given:
        if name not in known:
            raise UserError(f"There is no parameter '{name}'.", fix=did_you_mean(name, known))


def _query(asked: QueryRequest) -> Query:
    top = asked.top
    return Query(
        cube=asked.cube,
        measures=asked.measures,
        rows=asked.rows,
        columns=asked.columns,
        where=asked.where,
        totals=asked.totals,
        sort=tuple(Sort(by=key.by, descending=key.descending) for key in asked.sort),
        top=Top(n=top.n, by=top.by, descending=top.descending) if top else None,
        limit=asked.limit,
    )


def _version_info(version: Version, current: int | None) -> VersionInfo:
    return VersionInfo(
        version=version.version,
        run=version.run,
        published_at=version.published_at.isoformat(),
        bytes=version.bytes,
        current=version.version == current,
        kept=version.pruned_at is None,
    )


def _summary(cube: ResolvedCube) -> CubeSummary:
    return CubeSummary(name=cube.name, label=cube.label, description=cube.definition.description)


def _cube_info(cube: ResolvedCube) -> CubeInfo:
    return CubeInfo(
        **_summary(cube).model_dump(),
        measures=[
            MeasureInfo(
                name=name,
                label=measure.label or name.replace("_", " ").capitalize(),
                description=measure.description,
                format=measure.format,
                additivity=measure.additivity,
                polarity=measure.polarity,
            )
            for name, measure in cube.measures.items()
        ],
        levels=[
            LevelInfo(
                name=level.name,
                label=level.label,
                role=level.role,
                role_label=level.role_label,
                type=level.type,
                masked=level.masked,
            )
            for level in cube.levels.values()
        ],
        hierarchies=[
            HierarchyInfo(
                name=hierarchy.name,
                label=hierarchy.label,
                role=hierarchy.role,
                levels=[level.name for level in hierarchy.levels],
            )
            for hierarchy in cube.hierarchies
        ],
        unavailable=dict(cube.unavailable),
    )


def _guarded(
    handler: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Problems as issues: a user's with the reason, ours with a promise and a log entry."""

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except UserError as error:
            return _problem(error.issues, 404 if isinstance(error, NotFound) else 400)
        except Exception:
            _log.exception("%s %s failed", request.method, request.url.path)
            issue = Issue(
                "Something went wrong on our side.", why="The server's log has the details."
            )
            return _problem([issue], 500)

    return answer


def _problem(issues: Sequence[Issue], status: int) -> Response:
    return JSONResponse({"issues": [issue.as_dict() for issue in issues]}, status)


def _wrong(error: ValidationError) -> UserError:
    wrong = UserError("The request is not a valid question.")
    wrong.issues = tuple(
        Issue(
            f"{'.'.join(str(step) for step in problem['loc']) or 'The body'}:"
            f" {problem['msg'].lower()}.",
            fix="See QueryRequest in /api/openapi.json.",
        )
        for problem in error.errors()
    )
    return wrong


def _whole_number(name: str, text: str, most: int) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise UserError(f"'{name}' must be a whole number from 1 to {most}.")
    return int(text)


def _json(model: BaseModel) -> Response:
    return JSONResponse(model.model_dump(mode="json"))
