"""The kinds of events that bring a request, and what of each is trusted."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

Event = Mapping[str, Any]


class Kind(Enum):
    """What stands in front of the function."""

    HTTP_API = "HTTP API or function URL"
    """Payload format 2.0."""
    REST_API = "REST API"
    """Payload format 1.0, which an HTTP API can be set to as well."""
    LOAD_BALANCER = "load balancer"


class NotHttpError(Exception):
    """The event is no HTTP request."""


def kind_of(event: object) -> Kind:
    """What has sent this event.

    Raises:
        NotHttpError: It is none of an HTTP request: a schedule's, or a test of the console.
    """
    if isinstance(event, Mapping):
        context = event.get("requestContext")
        if isinstance(context, Mapping):
            if "elb" in context and "httpMethod" in event:
                return Kind.LOAD_BALANCER
            if event.get("version") == "2.0" and "http" in context and "rawPath" in event:
                return Kind.HTTP_API
            if "httpMethod" in event and "path" in event:
                return Kind.REST_API
    raise NotHttpError(
        "This event is no HTTP request. For a schedule, the handler is"
        " portal.cli.aws_lambda.send_due."
    )


def headers_of(event: Event, name: str) -> list[str]:
    """All values of a header, in their order; `name` in lower case."""
    several = event.get("multiValueHeaders") or {}
    if several:
        return [value for key, values in several.items() if key.lower() == name for value in values]
    headers = event.get("headers") or {}
    return [value for key, value in headers.items() if key.lower() == name]


def addresses_of(event: Event, kind: Kind) -> tuple[str, list[str]]:
    """Who has connected to AWS, and what that request said in X-Forwarded-For before AWS added to
    it.

    API Gateway and function URLs name the connection in the event itself. A load balancer only adds
    it to the header, as the last entry; what stands before it is anybody's choice.
    """
    entries = [
        entry.strip()
        for value in headers_of(event, "x-forwarded-for")
        for entry in value.split(",")
        if entry.strip()
    ]
    if kind is Kind.LOAD_BALANCER:
        return (entries[-1], entries[:-1]) if entries else ("", [])
    context = event["requestContext"]
    place = context["http"] if kind is Kind.HTTP_API else context.get("identity") or {}
    address = str(place.get("sourceIp") or "")
    if address in entries:
        # AWS has added it, and perhaps an address of CloudFront's, which stands in front of some.
        entries = entries[: len(entries) - 1 - entries[::-1].index(address)]
    return address, entries


def stage_in_path(event: Event, kind: Kind) -> str:
    """`/prod`, if the name of a stage stands before each path that the function gets; else empty.

    An HTTP API leaves it there on each stage but `$default`, even behind a domain of one's own.
    """
    stage = str(event["requestContext"].get("stage") or "")
    path = str(event["rawPath"] if kind is Kind.HTTP_API else event["path"])
    if kind is Kind.LOAD_BALANCER or stage in ("", "$default"):
        return ""
    return f"/{stage}" if f"{path}/".startswith(f"/{stage}/") else ""


def stage_left_out(event: Event, kind: Kind) -> str:
    """`/prod`, if people see it in their address bar, and the path of the event has it not; else
    empty. A REST API leaves it out."""
    if kind is not Kind.REST_API:
        return ""
    whole, path = str(event["requestContext"].get("path") or ""), str(event["path"])
    return whole.removesuffix(path) if whole.endswith(path) else ""
