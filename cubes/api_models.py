"""What the API takes and gives, as pydantic models; the OpenAPI document is made from them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

LevelName = str
MOST_ROWS = 1_000_000


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SortBy(_Message):
    """One key of the order of rows."""

    by: str = Field(description="A measure, or a level as role.attribute.")
    descending: bool = False


class TopN(_Message):
    """Only the members of the first row level with the largest (or smallest) figure."""

    n: int = Field(ge=1, le=100_000)
    by: str = Field(description="A measure of the cube.")
    descending: bool = True


class QueryRequest(_Message):
    """A question to a cube."""

    cube: str
    measures: tuple[str, ...] = Field(min_length=1)
    rows: tuple[LevelName, ...] = Field((), description="Levels as role.attribute.")
    columns: tuple[LevelName, ...] = Field((), description="Levels as role.attribute.")
    where: str | None = Field(
        None, description="Condition over levels, such as \"customer.country = 'Germany'\"."
    )
    totals: bool = Field(
        False,
        description="Adds subtotal rows and `_grouping`: a bit mask over rows + columns, the last"
        " level being the lowest bit; a set bit means that the level is totalled.",
    )
    sort: tuple[SortBy, ...] = ()
    top: TopN | None = None
    limit: int | None = Field(None, ge=1, le=MOST_ROWS)
    format: Literal["json", "arrow"] = Field(
        "json", description="'arrow' answers with an Arrow IPC stream (exact decimals)."
    )


class ColumnInfo(_Message):
    """One column of a result."""

    name: str
    label: str
    kind: Literal["level", "measure"]
    type: str
    format: str | None = None
    additivity: str | None = None
    polarity: str | None = None


class QueryAnswer(_Message):
    """A result as records; column order is that of `columns`."""

    version: int | None = Field(description="Published version that answered.")
    seconds: float
    rollup: str | None = Field(description="Pre-aggregation that answered, if one did.")
    columns: list[ColumnInfo]
    rows: list[dict[str, Any]]
    notes: list[str] = Field(description="What you do not see of the answer.")


class ExplainAnswer(_Message):
    """How a question would be answered; nothing is run."""

    sql: str
    used: str = Field(description="Table it reads: the fact, or a rollup.")
    notes: list[str]


class CubeSummary(_Message):
    """A cube in the list of cubes."""

    name: str
    label: str
    description: str


class MeasureInfo(_Message):
    """A figure that may be asked for."""

    name: str
    label: str
    description: str
    format: str
    additivity: str
    polarity: str


class LevelInfo(_Message):
    """Something to group or filter by."""

    name: str
    label: str
    role: str
    role_label: str
    type: str
    masked: bool = Field(
        description="Whether members are masked for you, and cannot be filtered or searched."
    )


class HierarchyInfo(_Message):
    """A way to drill down, from wide to narrow."""

    name: str
    label: str
    role: str
    levels: list[LevelName]


class CubeInfo(CubeSummary):
    """A cube with everything that may be asked of it."""

    measures: list[MeasureInfo]
    levels: list[LevelInfo]
    hierarchies: list[HierarchyInfo]
    unavailable: dict[str, str] = Field(
        description="Measures and dimensions this workspace does not feed, with the reason."
    )


class CubeList(_Message):
    """The cubes of the workspace."""

    cubes: list[CubeSummary]
    absent: dict[str, str] = Field(description="Cubes that are not loaded, with the reason.")


class MemberList(_Message):
    """Members of a level, in their order."""

    level: LevelName
    members: list[Any]


class Health(_Message):
    """Whether questions can be answered."""

    status: Literal["ok", "empty"] = Field(description="'empty' until something is published.")
    version: int | None


class VersionInfo(_Message):
    """One published version."""

    version: int
    run: str
    published_at: str
    bytes: int
    current: bool = Field(description="Whether it is the one that answers.")
    kept: bool = Field(description="False once its file was removed.")


class VersionList(_Message):
    """Published versions, newest first."""

    versions: list[VersionInfo]


class IssueInfo(_Message):
    """One problem: what, where, why, and the way out."""

    what: str
    file: str | None = None
    line: int | None = None
    why: str = ""
    fix: str = ""


class Problem(_Message):
    """The answer to a request that could not be fulfilled."""

    issues: list[IssueInfo]


MODELS: tuple[type[BaseModel], ...] = (
    QueryRequest, QueryAnswer, ExplainAnswer, CubeList, CubeInfo, MemberList, Health, VersionList,
    Problem,
)  # fmt: skip


def openapi(title: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the API."""
    _, schema = models_json_schema(
        [(model, "validation") for model in MODELS], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{title}: Rapport API", "version": "1"},
        "paths": {
            "/api/health": {"get": _operation("Can questions be answered?", Health)},
            "/api/versions": {"get": _operation("Published versions", VersionList)},
            "/api/cubes": {"get": _operation("The cubes", CubeList)},
            "/api/cubes/{cube}": {
                "get": _operation("One cube: measures, levels, hierarchies", CubeInfo, _path())
            },
            "/api/cubes/{cube}/members": {
                "get": _operation("Members of a level", MemberList, _path(), *_MEMBER_PARAMETERS)
            },
            "/api/query": {
                "get": _operation("Ask a cube", QueryAnswer, *_QUERY_PARAMETERS, arrow=True),
                "post": _operation("Ask a cube", QueryAnswer, body=True, arrow=True),
            },
            "/api/explain": {
                "get": _operation("How it would be answered", ExplainAnswer, *_QUERY_PARAMETERS),
                "post": _operation("How it would be answered", ExplainAnswer, body=True),
            },
        },
        "components": {
            "schemas": schema["$defs"],
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
        "security": [{"basic": []}, {}],
    }


def _operation(
    summary: str,
    answer: type[BaseModel],
    *parameters: dict[str, Any],
    body: bool = False,
    arrow: bool = False,
) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": _ref(answer)}}
    if arrow:
        content["application/vnd.apache.arrow.stream"] = {
            "schema": {"type": "string", "format": "binary"}
        }
    problem = {"content": {"application/json": {"schema": _ref(Problem)}}}
    result: dict[str, Any] = {
        "summary": summary,
        "responses": {
            "200": {"description": "The answer.", "content": content},
            "400": {"description": "The request is wrong; the issues say how.", **problem},
            "404": {"description": "There is no such thing, or no data yet.", **problem},
        },
    }
    if parameters:
        result["parameters"] = list(parameters)
    if body:
        result["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(QueryRequest)}},
        }
    return result


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _path() -> dict[str, Any]:
    return _parameter("cube", "Name of the cube.", place="path", required=True)


def _parameter(
    name: str,
    description: str,
    *,
    place: str = "query",
    required: bool = False,
    kind: str = "string",
) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": required,
        "description": description,
        "schema": {"type": kind},
    }


_MEMBER_PARAMETERS = (
    _parameter("level", "Level as role.attribute.", required=True),
    _parameter("search", "Text that the member holds."),
    _parameter("where", "Condition over levels."),
    _parameter("limit", "How many at most (100).", kind="integer"),
)
_QUERY_PARAMETERS = (
    _parameter("cube", "Name of the cube.", required=True),
    _parameter("measures", "Measures, separated by commas.", required=True),
    _parameter("rows", "Levels, separated by commas."),
    _parameter("columns", "Levels, separated by commas."),
    _parameter("where", "Condition over levels."),
    _parameter("totals", "Adds subtotal rows.", kind="boolean"),
    _parameter("sort", "Measures or levels, separated by commas; '-' before one: descending."),
    _parameter("top", "'10:revenue': the ten members with the largest revenue; '-10' smallest."),
    _parameter("limit", "How many rows at most.", kind="integer"),
    _parameter("format", "'json' or 'arrow'."),
)
