"""What is left out of Flask's way changes no answer."""

from collections.abc import Callable

import pytest
from flask import Flask, Response, redirect, request, url_for
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from portal.web.http import FlaskApp, context

DONE: list[str] = []


def closing() -> Response:
    response = Response("text")
    response.call_on_close(lambda: DONE.append("done"))
    return response


BODIES: list[Callable[[], Response]] = [
    lambda: Response("text"),
    closing,
    lambda: Response("", 204),
    lambda: Response("", 304, {"ETag": '"1"', "Content-Language": "en"}),
    lambda: Response(iter(["a", "b"])),
    lambda: Response(["a", "b"]),
    lambda: Response("text", headers={"Content-Location": "/ü"}),
    lambda: Response("text", 201, {"Location": "/a b", "X-Twice": "1"}),
]
LOCATIONS = [
    "/plain/path-1.2_3~?a=b&c=d",
    "/",
    "/?",
    "/path?",
    "/ä?b=ö",
    "/a%20b",
    "/a b",
    "//other.example/x",
    "https://other.example/ä",
    "/a#b",
    "/a?b?c",
    "relative",
    "",
]


def with_routes(app: Flask) -> FlaskClient:
    app.config["TRUSTED_HOSTS"] = ["one.example", ".two.example", "xn--bcher-kva.example"]

    @app.get("/body/<int:number>")
    def body(number: int) -> Response:
        return BODIES[number]()

    @app.get("/to/<int:number>")
    def to(number: int) -> Response:
        return redirect(LOCATIONS[number], 303)  # type: ignore[return-value] # werkzeug's is wider

    @app.get("/text")
    def text() -> str:
        return "text"

    @app.route("/asked/", methods=["GET", "POST"])
    @app.route("/asked/<path:path>", methods=["GET", "POST"])
    def asked(path: str = "") -> dict[str, object]:
        urls = [url_for("text", ü="ö"), url_for("text", _external=True)]
        return {"host": request.host, "url": request.url, "path": path, "urls": urls}

    return app.test_client()


@pytest.fixture
def both() -> tuple[FlaskClient, FlaskClient]:
    plain = Flask("plain", static_folder=None)
    plain.config["PROPAGATE_EXCEPTIONS"] = False
    ours = FlaskApp("ours", static_folder=None)
    ours.config["PROPAGATE_EXCEPTIONS"] = False
    return with_routes(plain), with_routes(ours)


def compare(both: tuple[FlaskClient, FlaskClient], path: str, **options: object) -> int:
    """The status of the answer, which is the same for both, also when it is asked again."""
    plain, *ours = [
        each.open(path, **options)  # type: ignore[arg-type] # whatever a client takes
        for each in (both[0], both[1], both[1])
    ]
    for answer in ours:
        assert (answer.status, answer.data) == (plain.status, plain.data)
        assert list(answer.headers) == list(plain.headers)
    return plain.status_code


@pytest.mark.parametrize("number", range(len(BODIES)))
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_each_kind_of_response_has_flasks_headers(
    both: tuple[FlaskClient, FlaskClient], number: int, method: str
) -> None:
    options = {"base_url": "http://one.example", "method": method}
    assert compare(both, f"/body/{number}", **options) < 400
    assert compare(both, "/text", **options) == 200


@pytest.mark.parametrize("number", range(len(LOCATIONS)), ids=LOCATIONS)
def test_a_redirect_leads_where_flask_would_lead(
    both: tuple[FlaskClient, FlaskClient], number: int
) -> None:
    assert compare(both, f"/to/{number}", base_url="http://one.example") == 303


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("one.example", 200),
        ("ONE.example", 400),
        ("one.example:80", 200),
        ("one.example:8080", 200),
        ("one.example:99999", 400),
        ("x.two.example:1", 200),
        ("three.example", 400),
        ("xn--bcher-kva.example", 200),
        ("", 400),
        ("one.example/x", 400),
    ],
)
def test_each_host_is_trusted_or_not_as_flask_does_it(
    both: tuple[FlaskClient, FlaskClient], host: str, status: int
) -> None:
    for path in ("/asked/x/y?a=b", "/asked", "/nowhere"):
        for scheme in ("http", "https"):
            environ = {"HTTP_HOST": host, "wsgi.url_scheme": scheme}
            found = compare(both, path, environ_overrides=environ)
            assert (found == 400) is (status == 400)


@pytest.mark.parametrize(
    "environ",
    [
        {"SCRIPT_NAME": "/below"},
        {"SCRIPT_NAME": "/below/"},
        {"PATH_INFO": ""},
        {"PATH_INFO": "//asked/x"},
        {"PATH_INFO": "/asked/\xc3\xbc\xff"},
        {"QUERY_STRING": "\xc3\xbc=%ff"},
        {"REQUEST_METHOD": "PUT"},
        {"REQUEST_METHOD": "get"},
        {"HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "Upgrade"},
        {"HTTP_UPGRADE": "h2c", "HTTP_CONNECTION": "upgrade"},
    ],
    ids=str,
)
def test_each_address_is_read_as_flask_reads_it(
    both: tuple[FlaskClient, FlaskClient], environ: dict[str, str]
) -> None:
    overrides = {"HTTP_HOST": "one.example", **environ}
    for path in ("/asked/x", "/asked", "/nowhere"):
        assert compare(both, path, environ_overrides=overrides) in (200, 308, 400, 404, 405)


def test_no_blueprint_adds_variables_to_templates(app: Flask) -> None:
    everywhere = app.template_context_processors
    for name in app.blueprints:
        assert all(own in everywhere[None] for own in everywhere.get(name, [])), name


def test_what_is_to_be_done_at_the_end_is_done(both: tuple[FlaskClient, FlaskClient]) -> None:
    path = f"/body/{BODIES.index(closing)}"
    for client in both:
        DONE.clear()
        assert client.get(path, base_url="http://one.example", buffered=True).text == "text"
        assert DONE == ["done"]


def test_a_request_knows_nothing_of_one_whose_end_failed(app: Flask) -> None:
    """Also within another one, as tests and commands make one."""
    with app.test_request_context("/sign-up"):
        app.preprocess_request()
        assert context.this_request().path == "/sign-up"
        with app.test_request_context("/inner", base_url="http://localhost/below"):
            assert (context.this_request().path, context.script_root()) == ("/inner", "/below")
        # Left behind: nothing has torn the first one down yet.
        with app.request_context({**EnvironBuilder(path="/next").get_environ()}):
            assert context.this_request().path == "/next"
