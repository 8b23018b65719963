"""Events as AWS sends them, cut to what anybody reads.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html and the pages of API Gateway and
of load balancers.
"""

from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl

Event = dict[str, Any]
Headers = dict[str, str]
CLIENT = "198.51.100.7"
URL_HOST = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws"


def http_api(
    path: str,
    *,
    method: str = "GET",
    query: str = "",
    body: bytes = b"",
    headers: Headers | None = None,
    cookies: list[str] | None = None,
    stage: str = "$default",
    forwarded_for: str = "",
    host: str = "portal.example.com",
) -> Event:
    """Payload format 2.0."""
    before = f"{forwarded_for}, " if forwarded_for else ""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        **({"cookies": cookies} if cookies else {}),
        "headers": {
            "host": host,
            "x-forwarded-for": f"{before}{CLIENT}",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            "content-length": str(len(body)),
            **(headers or {}),
        },
        "requestContext": {
            "domainName": host,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": CLIENT,
                "userAgent": "curl",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "stage": stage,
        },
        "body": b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def function_url(path: str, **request: Any) -> Event:
    """A function URL with authentication `NONE`: payload format 2.0 as well, with its own host, and
    without what is empty. A form is no text to AWS, and comes in base64."""
    event = http_api(path, **{"host": URL_HOST, **request})
    event["requestContext"] |= {
        "accountId": "anonymous",
        "apiId": URL_HOST.partition(".")[0],
        "domainPrefix": URL_HOST.partition(".")[0],
        "routeKey": "$default",
    }
    if not event["body"]:
        del event["body"]
        event["isBase64Encoded"] = False
    return event


def rest_api(
    path: str,
    *,
    method: str = "GET",
    query: str = "",
    body: bytes = b"",
    headers: Headers | None = None,
    prefix: str = "",
    forwarded_for: str = "",
    host: str = "portal.example.com",
) -> Event:
    """Payload format 1.0. `prefix` is what people see before the path: the stage, for example."""
    before = f"{forwarded_for}, " if forwarded_for else ""
    sent = {
        "Host": host,
        "X-Forwarded-For": f"{before}{CLIENT}, 130.176.0.1",
        "X-Forwarded-Proto": "https",
        **(headers or {}),
    }
    pairs = parse_qsl(query, keep_blank_values=True)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": (
            {name: [value for each, value in pairs if each == name] for name, _ in pairs} or None
        ),
        "requestContext": {
            "path": f"{prefix}{path}",
            "stage": "prod",
            "identity": {"sourceIp": CLIENT},
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        },
        "body": b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


def load_balancer(
    path: str,
    *,
    method: str = "GET",
    query: str = "",
    body: bytes = b"",
    headers: Headers | None = None,
    cookies: list[str] | None = None,
    is_multi: bool = True,
    forwarded_for: str = "",
    host: str = "portal.example.com",
) -> Event:
    """An Application Load Balancer. It has encoded the query as it came."""
    before = f"{forwarded_for}, " if forwarded_for else ""
    sent = {
        "host": host,
        "x-forwarded-for": f"{before}{CLIENT}",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
        **(headers or {}),
    }
    pairs = [each.partition("=")[::2] for each in query.split("&") if each]
    event: Event = {
        "requestContext": {
            "elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:a:1:targetgroup/portal/6d0e"}
        },
        "httpMethod": method,
        "path": path,
        "body": b64encode(body).decode(),
        "isBase64Encoded": True,
    }
    if is_multi:
        event["multiValueHeaders"] = {name: [value] for name, value in sent.items()}
        event["multiValueQueryStringParameters"] = {
            name: [value for each, value in pairs if each == name] for name, _ in pairs
        }
        if cookies:
            event["multiValueHeaders"]["cookie"] = cookies
    else:
        event["headers"] = sent | ({"cookie": "; ".join(cookies)} if cookies else {})
        event["queryStringParameters"] = dict(pairs)
    return event
