"""A test client that checks every response, so that no test has to.

Each answer carries the security headers. Each HTML answer is valid, names each id once,
labels each control, and has no style or script inside; what a browser asks for without
htmx is a whole page with one `h1`.
"""

import re
from collections import Counter
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from flask.testing import FlaskClient
from html5lib.html5parser import ParseError
from werkzeug.test import TestResponse

from portal.stores import clear_deadline

#: Threat T8 of docs/threats.md, word for word.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

#: What stays in a frame of the shell, by path: only the shells of the clusters that are the default
#: may frame it, and only it. Threat T23.
FRAMED = frozenset({"/shell", "/shell/sign-up"})
FRAMED_POLICY = CONTENT_SECURITY_POLICY.replace(
    "frame-ancestors 'none'",
    "frame-ancestors https://eu.fsm.cloud.sap https://de.fsm.cloud.sap https://us.fsm.cloud.sap"
    " https://cn.fsm.cloud.sap https://au.fsm.cloud.sap",
)
FRAMED_HEADERS = {"Content-Security-Policy": FRAMED_POLICY, "X-Frame-Options": None}

#: First tag of a fragment -> the parent to parse it in. All others may stand in a div.
_PARENTS = {
    "tr": "tbody",
    "td": "tr",
    "th": "tr",
    "thead": "table",
    "tbody": "table",
    "tfoot": "table",
    "caption": "table",
    "option": "select",
    "optgroup": "select",
}

#: The page that was parsed last.
PARSED: dict[str, Element] = {}

_NEEDS_NO_LABEL = {"hidden", "submit", "reset", "button", "image"}


class StrictClient(FlaskClient):
    """A `FlaskClient` that fails the test if a response breaks a rule."""

    #: The path below which the portal is.
    prefix = ""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        try:
            response = super().open(*args, **kwargs)
        finally:
            # A test goes on in the context that a server would have thrown away.
            clear_deadline()
        problems = list(header_problems(response, self.prefix))
        if response.mimetype == "text/html" and response.request.method != "HEAD":
            may_be_fragment = "HX-Request" in response.request.headers
            problems += html_problems(response.text, may_be_fragment=may_be_fragment)
        request = response.request
        assert not problems, f"{request.method} {request.path}: " + "; ".join(problems)
        return response


def header_problems(response: TestResponse, prefix: str = "") -> list[str]:
    """What is wrong with the headers, a sentence each."""
    is_framed = response.request.path.removeprefix(prefix) in FRAMED
    expected = {**SECURITY_HEADERS, **(FRAMED_HEADERS if is_framed else {})}
    return [
        f"{name} is {response.headers.get(name)!r}, not {value!r}"
        for name, value in expected.items()
        if response.headers.getlist(name) != ([] if value is None else [value])
    ]


def html_problems(html: str, *, may_be_fragment: bool) -> list[str]:
    """What is wrong with a page, or with a fragment if this may be one."""
    if not html and may_be_fragment:
        # htmx removes the target; there is nothing to check.
        return []
    is_page = html.lstrip()[:9].lower() == "<!doctype"
    if not is_page and not may_be_fragment:
        return ["this is no whole page (it does not begin with <!doctype html>)"]
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    try:
        root = _page(html, parser) if is_page else _fragment(parser, html)
    except ParseError as error:
        line, column = parser.tokenizer.stream.position()
        near = html.splitlines()[line - 1][max(0, column - 60) : column + 20]
        return [f"the HTML is not valid in line {line}, near {near!r}: {error}"]
    elements = [element for element in root.iter() if isinstance(element.tag, str)]
    problems = [*_id_problems(elements), *_form_problems(elements), *_inline_problems(elements)]
    problems += _label_problems(elements)
    if is_page:
        problems += _page_problems(elements)
    return problems


def _page(html: str, parser: html5lib.HTMLParser) -> Element:
    """Kept for the test that reads the page next: parsing takes longer than rendering."""
    root: Element = parser.parse(html)
    PARSED.clear()
    PARSED[html] = root
    return root


def _fragment(parser: html5lib.HTMLParser, html: str) -> Element:
    first = re.match(r"\s*(?:<!--.*?-->\s*)*<([a-z]+)", html, re.DOTALL)
    parent = _PARENTS.get(first[1] if first else "", "div")
    fragment: Element = parser.parseFragment(html, container=parent)
    return fragment


def _page_problems(elements: list[Element]) -> list[str]:
    count = Counter(element.tag for element in elements)
    problems = [f"there are {count['h1']} h1, not one"] if count["h1"] != 1 else []
    title = next((element for element in elements if element.tag == "title"), None)
    if title is None or not (title.text or "").strip():
        problems.append("the page has no title")
    if not next(element for element in elements if element.tag == "html").get("lang"):
        problems.append("the page does not say its language")
    return problems


def _id_problems(elements: list[Element]) -> list[str]:
    count = Counter(id_ for element in elements if (id_ := element.get("id")) is not None)
    return [f"the id {id_!r} is there {n} times" for id_, n in count.items() if n > 1 or not id_]


def _form_problems(elements: list[Element]) -> list[str]:
    return [
        f"a form has the action {form.get('action')!r} and the method {form.get('method')!r}"
        for form in elements
        if form.tag == "form"
        and not (form.get("action") and (form.get("method") or "").lower() in ("get", "post"))
    ]


def _inline_problems(elements: list[Element]) -> list[str]:
    problems = []
    for element in elements:
        if element.tag == "style" or (element.tag == "script" and not element.get("src")):
            problems.append(f"there is an inline <{element.tag}>")
        for name, value in element.attrib.items():
            # hx-on and js: values need 'unsafe-eval', which the policy does not allow.
            inline = name == "style" or name.startswith(("on", "hx-on"))
            script = re.match(r"\s*(javascript|js):", value, re.IGNORECASE)
            if inline or script:
                problems.append(f"<{element.tag}> has {name}={value!r}")
    return problems


def _label_problems(elements: list[Element]) -> list[str]:
    named = {element.get("for") for element in elements if element.tag == "label"}
    wrapped = {inner for element in elements if element.tag == "label" for inner in element.iter()}
    return [
        f"<{element.tag} name={element.get('name')!r}> has no label"
        for element in elements
        if element.tag in ("input", "select", "textarea")
        and (element.get("type") or "").lower() not in _NEEDS_NO_LABEL
        and element.get("id", "") not in named
        and element not in wrapped
        and not (element.get("aria-label") or element.get("aria-labelledby"))
    ]
