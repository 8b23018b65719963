"""Sends requests of a JSON service directly, past the part of botocore that costs most.

botocore still resolves the endpoint, makes the headers, and raises AWS's errors. What is replaced
is the walk through the description of the parameters, its general signing, and the preparation of
requests for retries. The connections with their pool, proxies and certificates are those of the
client, and so are its parser and its checks of answers.

It takes the place where botocore lets one: the event `before-call`, whose handler may answer. It
decides before anything is sent, and leaves to botocore whatever is unusual: an address with a path,
another kind of signature, a table that is named by its ARN.

This module loads botocore: import it only to make a client.
"""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from portal.stores.aws.signing import Scope, signed

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session

#: Host and port of an address without a user, a path or a query. With the scheme's own port, with
#: IPv6 and with capital letters, the header `Host` would differ from what stands there.
_PLAIN_URL = re.compile(r"https?://([a-z0-9.-]+(?::(?!(?:80|443)/)[0-9]+)?)/")
#: The body of a request, in botocore's context of a call.
_BODY = "portal_body"
#: In botocore's context: what a request needs beyond the usual.
_UNUSUAL = frozenset({"checksum", "discovery"})
#: How botocore may say with what to sign. There is no encoding to disable in the path `/`.
_SIGNING = frozenset({"region", "signing_name", "disableDoubleEncoding"})


def use_direct_requests(client: "BaseClient", session: "Session") -> None:
    """Have the client send its requests directly.

    Args:
        client: Of a JSON service. Without retries and without validation of parameters, since
            these are passed by.
    """
    if session.get_config_variable("csm_enabled"):
        # Client-side monitoring listens to botocore's attempts.
        return
    requests = _DirectRequests(client, session)
    events = client.meta.events
    # Last, so that other handlers see and change what they always do.
    events.register_last("before-parameter-build", requests.take_parameters)
    events.register_last("before-call", requests.answer)


class _DirectRequests:
    def __init__(self, client: "BaseClient", session: "Session") -> None:
        self._events = client.meta.events
        self._service = client.meta.service_model.service_id.hyphenize()
        # The SDK has no other access to it.
        self._http = client._endpoint.http_session
        parsers = session.get_component("response_parser_factory")
        self._parser = parsers.create_parser(client.meta.service_model.resolved_protocol)

    def take_parameters(
        self, params: dict[str, Any], context: dict[str, Any], **_more: object
    ) -> None:
        """Write the body, and leave botocore nothing to look through."""
        if "RequestItems" in params:
            # In a batch botocore looks for the names of tables, and fails where there is none.
            return
        try:
            body = orjson.dumps(params, default=_base64)
        except orjson.JSONEncodeError:
            return
        # botocore finds the account in an ARN, and may choose the endpoint by it.
        if b'"arn:' not in body:
            params.clear()
            context[_BODY] = body

    def answer(
        self,
        model: Any,
        params: dict[str, Any],
        request_signer: Any,
        context: dict[str, Any],
        **_more: object,
    ) -> tuple[AWSResponse, dict[str, Any]] | None:
        """The response and what it holds; `None` leaves the request to botocore.

        Raises:
            Exception: What the SDK raises if nothing comes back, and what those raise who look at
                its answers.
        """
        if _BODY in context:
            params["body"] = context.pop(_BODY)
        headers = _signed_headers(params, request_signer, context)
        if headers is None:
            return None
        request = AWSPreparedRequest("POST", params["url"], headers, params["body"], False, context)
        response = self._response(model, request)
        return response, self._parsed(model, response)

    def _response(self, model: Any, request: AWSPreparedRequest) -> AWSResponse:
        answers = self._events.emit(f"before-send.{self._service}.{model.name}", request=request)
        given = (response for _, response in answers if response is not None)
        return next(given, None) or self._http.send(request)

    def _parsed(self, model: Any, response: AWSResponse) -> dict[str, Any]:
        found = {
            "headers": response.headers,
            "status_code": response.status_code,
            "context": {"operation_name": model.name},
            "body": response.content,
        }
        customized: dict[str, Any] = {}
        self._events.emit(
            f"before-parse.{self._service}.{model.name}",
            operation_model=model, response_dict=found, customized_response_dict=customized,
        )  # fmt: skip
        parsed: dict[str, Any] = self._parser.parse(found, model.output_shape)
        parsed.update(customized)
        if response.status_code >= 300:
            code = parsed.get("Error", {}).get("Code")
            shape = model.service_model.shape_for_error_code(code)
            # An error has its own description, such as the reasons why a transaction failed.
            parsed.update(self._parser.parse(found, shape) if shape else {})
        parsed["ResponseMetadata"]["RetryAttempts"] = 0
        return parsed


def _signed_headers(
    params: Mapping[str, Any], signer: Any, context: Mapping[str, Any]
) -> dict[str, str] | None:
    """The headers of a request as it is sent; `None` if it is an unusual one."""
    host = _PLAIN_URL.fullmatch(params["url"])
    signing = context.get("signing", {})
    if (
        host is None
        or params["method"] != "POST"
        or type(params["body"]) is not bytes
        or (context.get("auth_type") or signer.signature_version) != "v4"
        or not _SIGNING.issuperset(signing)
        or not _UNUSUAL.isdisjoint(context)
    ):
        return None
    region = signing.get("region") or signer.region_name
    service = signing.get("signing_name") or signer.signing_name
    keys = signer.get_auth_instance(service, region, "v4").credentials
    if keys is None:
        return None
    return signed(
        {**params["headers"], "Host": host[1]}, params["body"],
        keys=keys, scope=Scope(region, service), now=datetime.now(UTC),
    )  # fmt: skip


def _base64(value: object) -> str:
    """As JSON holds bytes. `TypeError` for whatever else is no JSON."""
    if not isinstance(value, bytes):
        raise TypeError
    return base64.b64encode(value).decode()
