"""Parts of pages that are rendered once for each language and each value of what they name."""

import pytest
from flask import Flask
from jinja2 import DictLoader, TemplateSyntaxError
from markupsafe import escape

from portal.web.i18n import set_language
from portal.web.i18n.kept_parts import KeptParts
from portal.web.i18n.templates import LanguageEnvironment


class Counted:
    """A value that says how often it was written out."""

    def __init__(self) -> None:
        self.shown = 0

    def __str__(self) -> str:
        self.shown += 1
        return "<b>"


def environment(source: str, *, auto_reload: bool = False) -> LanguageEnvironment:
    return LanguageEnvironment(
        Flask("test"),
        loader=DictLoader({"page.html": source}),
        autoescape=True,
        auto_reload=auto_reload,
    )


def test_a_part_is_rendered_once_for_each_value_of_what_it_names() -> None:
    one, other = Counted(), Counted()
    template = environment("{{ own }}{% kept a, b %}[{{ a }}|{{ b }}]{% endkept %}.").get_template(
        "page.html"
    )
    for own in "xyz":
        assert template.render(own=own, a=one, b=1) == f"{own}[&lt;b&gt;|1]."
        assert template.render(own=own, a=other, b=1) == f"{own}[&lt;b&gt;|1]."
        assert template.render(own=own, a=one, b=2) == f"{own}[&lt;b&gt;|2]."
    assert (one.shown, other.shown) == (2, 1)


def test_each_language_and_each_application_has_its_own_part() -> None:
    source = "{% kept a %}{{ locale }}{{ a }}{% endkept %}"
    first, second = environment(source), environment(f"{source}!")
    for _ in range(2):
        for language in ("en", "de"):
            set_language(language)
            for made, end in ((first, ""), (second, "!")):
                page = made.get_template("page.html").render(a=1, locale=language)
                assert page == f"{language}1{end}"
    set_language("en")


def test_two_parts_on_one_line_are_two() -> None:
    template = environment(
        "{% kept a %}1{{ a }}{% endkept %}{% kept a %}2{{ a }}{% endkept %}"
    ).get_template("page.html")
    assert [template.render(a="x") for _ in range(2)] == ["1x2x", "1x2x"]


@pytest.mark.parametrize(
    "part",
    [
        "{{ other }}",
        "{{ csrf_token() }}",
        "{{ request.path }}",
        "{{ static_url('portal.css') }}",
        "{% if a %}{% for x in others %}{{ x }}{% endfor %}{% endif %}",
        "{{ other }}{% set other = 1 %}",
        "{% if a %}{% set other = 1 %}{% endif %}{{ other }}",
        "{% for other in [] %}{% endfor %}{{ other }}",
    ],
)
def test_a_part_that_uses_what_it_does_not_name_is_no_template(part: str) -> None:
    with pytest.raises(TemplateSyntaxError, match="has to name"):
        environment(f"{{% kept a %}}{part}{{% endkept %}}").get_template("page.html")


def test_a_part_uses_no_other_template() -> None:
    with pytest.raises(TemplateSyntaxError, match="cannot use another template"):
        environment("{% kept a %}{% include 'other.html' %}{% endkept %}").get_template("page.html")


def test_a_part_can_use_what_it_sets_itself_and_what_its_language_says() -> None:
    source = "{% kept a %}{% for x in a %}{{ x }}{{ locale }}{% endfor %}{% endkept %}"
    assert environment(source).get_template("page.html").render(a="xy", locale="-") == "x-y-"


def test_while_somebody_writes_a_template_nothing_of_it_is_kept() -> None:
    value = Counted()
    written = environment("{% kept a %}{{ a }}{% endkept %}", auto_reload=True)
    for _ in range(3):
        assert written.get_template("page.html").render(a=value) == "&lt;b&gt;"
    assert value.shown == 3


def test_there_are_never_more_parts_than_were_asked_for() -> None:
    parts = KeptParts(most=3)
    for number in range(4):
        parts.keep(escape(number), (number,))
        assert parts.get((number,)) == str(number)
    assert parts.get((0,)) is None
