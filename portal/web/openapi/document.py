"""The OpenAPI 3.1 document. Addresses, methods and parameters are those of the routes; schemas are
those of the models that check requests; scopes are those of the access table."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from werkzeug.routing import Map, Rule

from portal.auth import Scope
from portal.web.api import PARAMETERS, REQUESTS, import_models, models
from portal.web.http import access
from portal.web.openapi.calls import CALLS, Answer, Call, Parameter

#: A variable part of the address of a route.
_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
_REF = "#/components/schemas/{name}"
_TEXT_HEADER = {"schema": {"type": "string"}}
_TAG = "Calls"
_SECONDS = {"type": "integer", "minimum": 0}

#: Headers of answers, by name.
_HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": "Changes with the tenant. Send it in `If-Match`.",
        "required": True,
        **_TEXT_HEADER,
    },
    "Location": {
        "description": "The address of the sign-up.", "required": True, **_TEXT_HEADER,
    },
    "Retry-After": {
        "description": "Seconds to wait.", "required": True, "schema": _SECONDS,
    },
    "WWW-Authenticate": {
        "description": "What is wrong with the token, as RFC 6750 has it.",
        "required": True,
        **_TEXT_HEADER,
    },
    "RateLimit": {"description": "The calls that this token has left.", **_TEXT_HEADER},
    "RateLimit-Policy": {"description": "The calls that this token has in all.", **_TEXT_HEADER},
}  # fmt: skip
_LIMITS = ("RateLimit", "RateLimit-Policy")


def _error(description: str, *headers: str) -> Answer:
    return Answer(description=description, model=models.ErrorAnswer, headers=headers)


_REFUSED = _error("The request cannot be used. Nothing was changed.")
_UNAUTHORIZED = _error("The token is missing, wrong, revoked or expired.", "WWW-Authenticate")
_FORBIDDEN = _error("The token is for something else.", "WWW-Authenticate")
_NOT_FOUND = _error("No tenant has this id.")
_NOT_ACCEPTABLE = _error("Answers are JSON.")
_TOO_MANY = _error("Too many requests.", "Retry-After")
_UNAVAILABLE = _error("The portal cannot answer now.", "Retry-After")
#: Refused before anything reads them, and by some servers without a body.
_TOO_LONG = {414: "The address is too long.", 431: "The headers are too long."}
_OF_BODIES = {
    411: _error("The body has no length."),
    413: _error("The body is too large."),
    415: _error("The body has another content type."),
}


def document(url_map: Map, base_url: str) -> dict[str, Any]:
    """The whole document. `base_url`: where the portal is."""
    rules = sorted(_rules(url_map), key=lambda rule: list(CALLS).index(rule.endpoint))
    paths: dict[str, dict[str, Any]] = {}
    for rule in rules:
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            path = _PLACE.sub(lambda found: "{" + _camel(found[1]) + "}", rule.rule)
            operation = _operation(rule, CALLS[rule.endpoint])
            paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "FSM Appointment Manager onboarding",
            "version": "1",
            "summary": "Who may use the FSM Appointment Manager, and until when.",
            "description": "Times are UTC. An unknown query parameter or field is refused. Errors"
            " are `{error, message}`.",
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": _TAG}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "headers": _HEADERS,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made by an administrator, or by `portal token create`.",
                }
            },
        },
    }


def _rules(url_map: Map) -> Iterable[Rule]:
    """Those of the API, but for addresses of another service, whose answer says so."""
    return (rule for rule in url_map.iter_rules() if rule.endpoint in CALLS)


def _schemas() -> dict[str, Any]:
    """The models that calls name, and those inside them."""
    answers = [answer.model for call in CALLS.values() for answer in call.answers.values()]
    named = list(dict.fromkeys([*REQUESTS.values(), *answers, models.ErrorAnswer]))
    _, components = msgspec.json.schema_components(named, ref_template=_REF)
    return components


def _operation(rule: Rule, call: Call) -> dict[str, Any]:
    entry = access.ROUTE_ACCESS[rule.endpoint]
    operation: dict[str, Any] = {
        "operationId": _camel(rule.endpoint.removeprefix("api.")),
        "tags": [_TAG],
        "summary": call.summary,
        "description": call.description,
        "security": _security(entry, call),
        "parameters": _parameters(rule, call),
        "responses": {
            str(status): _response(answer, has_token=isinstance(entry, Scope))
            for status, answer in sorted(_answers(rule, call).items())
        }
        | {str(status): {"description": text} for status, text in _TOO_LONG.items()},
    }
    if call.content_types:
        operation["requestBody"] = _request_body(rule, call)
    _link(rule, operation)
    return operation


def _security(entry: object, call: Call) -> list[dict[str, list[str]]]:
    if isinstance(entry, Scope):
        return [{"token": [entry.value]}]
    return [{}, {"token": [Scope.TENANTS_READ.value]}] if call.may_have_token else [{}]


def _parameters(rule: Rule, call: Call) -> list[dict[str, Any]]:
    found = [
        {
            "name": _camel(name),
            "in": "path",
            "required": True,
            "description": call.path_id[0],
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            "example": call.path_id[1],
        }
        for name in sorted(rule.arguments)
    ]
    names = PARAMETERS[rule.endpoint]
    found += [
        _query_parameter(name, call.query[name], is_required=name in names.required)
        for name in (*names.required, *names.optional, *names.repeatable)
    ]
    if call.has_if_match:
        found.append({
            "name": "If-Match",
            "in": "header",
            "description": "The `ETag` of an answer: the change is made only if the tenant is still"
            " the same. Without it, a change of somebody else in between is kept.",
            "schema": {"type": "string"},
        })  # fmt: skip
    return found


def _query_parameter(name: str, parameter: Parameter, *, is_required: bool) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": name,
        "in": "query",
        "required": is_required,
        "description": parameter.description,
        "schema": parameter.schema,
    }
    return said | ({"example": parameter.example} if parameter.example else {})


def _request_body(rule: Rule, call: Call) -> dict[str, Any]:
    model = REQUESTS.get(rule.endpoint)
    schema = {"$ref": _REF.format(name=model.__name__)} if model else import_models.FILE_SCHEMA
    content: dict[str, Any] = {
        kind: {"schema": schema if kind == "application/json" else {"type": "string"}}
        for kind in call.content_types
    }
    content["application/json"]["example"] = call.request_example
    return {"required": True, "content": content}


def _answers(rule: Rule, call: Call) -> dict[int, Answer]:
    """Its own answers, and those that it shares with others."""
    is_for_token = isinstance(access.ROUTE_ACCESS[rule.endpoint], Scope)
    answers = {400: _REFUSED, 406: _NOT_ACCEPTABLE, 429: _TOO_MANY, 503: _UNAVAILABLE}
    if is_for_token or call.may_have_token:
        answers |= {401: _UNAUTHORIZED, 403: _FORBIDDEN}
    if rule.arguments:
        answers[404] = _NOT_FOUND
    if call.content_types:
        answers |= _OF_BODIES
    return answers | dict(call.answers)


def _response(answer: Answer, *, has_token: bool) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": _REF.format(name=answer.model.__name__)}}
    if answer.example is not None:
        content["example"] = answer.example
    response: dict[str, Any] = {
        "description": answer.description,
        "content": {"application/json": content},
    }
    names = (*answer.headers, *(_LIMITS if has_token else ()))
    if names:
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return response


#: Endpoint -> status -> link -> operation and the parameter that leads to it.
_LINKS = {
    "api.new_tenant": (201, "$response.body#/tenant/tenantId"),
    "api.tenants": (200, "$response.body#/tenants/0/tenantId"),
    "api.tenant": (200, "$response.body#/tenant/tenantId"),
    "api.change_tenant": (200, "$response.body#/tenant/tenantId"),
}


def _link(rule: Rule, operation: dict[str, Any]) -> None:
    """Which calls can follow this one with the id that it answers."""
    if rule.endpoint not in _LINKS:
        return
    status, where = _LINKS[rule.endpoint]
    operation["responses"][str(status)]["links"] = {
        name: {"operationId": name, "parameters": {"tenantId": where}}
        for name in ("tenant", "changeTenant", "events")
    }
    if rule.endpoint == "api.tenants":
        operation["responses"]["200"]["links"]["tenants"] = {
            "operationId": "tenants", "parameters": {"cursor": "$response.body#/nextCursor"},
        }  # fmt: skip


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)
