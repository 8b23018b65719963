"""`{% kept root, place %}…{% endkept %}`: a part of a page that many pages have alike.

It is rendered once for each language and each value of what it names, and written out as it is from
then on. It can use nothing else: a template whose part does is not compiled. So what is kept of a
page of staff holds nothing of one person, and nothing of one request.
"""

from typing import TYPE_CHECKING

from jinja2 import Environment, meta, nodes
from jinja2.ext import Extension
from markupsafe import Markup

if TYPE_CHECKING:
    from jinja2.parser import Parser

#: Names that say the same in each template of one application and language.
_OF_LANGUAGE = frozenset({"_", "inert", "locale", "dir", "languages", "footer_links"})
#: Whoever makes addresses of files has to name what they depend on.
_NEEDED = {"static_url": {"root", "static_version"}}
#: What a part cannot have in it.
_OF_OTHER_TEMPLATES = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)

#: Which part of which template this is, its language, and the value of each name.
Key = tuple[object, ...]


class KeptParts:
    """The parts of one application. There are a few for each language and role, unless somebody
    names what differs from request to request; then all of them are made anew, again and again."""

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._parts: dict[Key, Markup] = {}
        #: Called for each part of each page, so without a function around it.
        self.get = self._parts.get

    def keep(self, part: Markup, key: Key) -> None:
        if len(self._parts) >= self._most:
            self._parts.clear()
        self._parts[key] = part


class KeptTag(Extension):
    """The tag. In an environment that compiles for no language, nothing is kept."""

    tags = {"kept"}  # noqa: RUF012 - as Jinja declares it

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        parts = KeptParts()
        # Jinja calls filters at once, and everything else by way of its context.
        environment.filters["kept_part"] = parts.get
        environment.filters["keep_part"] = parts.keep

    def parse(self, parser: "Parser") -> nodes.Node | list[nodes.Node]:
        line = next(parser.stream).lineno
        names = [parser.parse_assign_target(name_only=True).name]
        while parser.stream.skip_if("comma"):
            names.append(parser.parse_assign_target(name_only=True).name)
        body = parser.parse_statements(("name:endkept",), drop_needle=True)
        whole = nodes.Template(body, lineno=line)
        whole.set_environment(self.environment)
        if any(whole.find_all(_OF_OTHER_TEMPLATES)):
            parser.fail("A kept part cannot use another template: that names nothing.", line)
        if others := _used(whole) - {*names, *_OF_LANGUAGE}:
            parser.fail(f"A kept part has to name {', '.join(sorted(others))}.", line)
        language = getattr(self.environment, "language", "")
        # While somebody writes a template, the part changes with it.
        if not language or self.environment.auto_reload:
            return nodes.Scope(body, lineno=line)
        part = parser.free_identifier()
        place = nodes.Const((language, parser.name, part.name))
        key = nodes.Tuple([place, *(nodes.Name(name, "load") for name in names)], "load")
        return _from_kept(part, key, body, line)


def _used(part: nodes.Template) -> set[str]:
    """The names that come from outside of a part."""
    loaded = meta.find_undeclared_variables(part)
    needed = [needs for name, needs in _NEEDED.items() if name in loaded]
    return (loaded - _NEEDED.keys()).union(*needed)


def _from_kept(
    part: nodes.InternalName, key: nodes.Tuple, body: list[nodes.Node], line: int
) -> list[nodes.Node]:
    """`part = kept[key]`; if there is none, it is rendered and kept; then it is written out."""

    def call(name: str, value: nodes.Expr, *args: nodes.Expr) -> nodes.Filter:
        return nodes.Filter(value, name, list(args), [], None, None)

    render_and_keep = [
        nodes.AssignBlock(part, None, body),
        nodes.ExprStmt(call("keep_part", part, key)),
    ]
    made: list[nodes.Node] = [
        nodes.Assign(part, call("kept_part", key)),
        nodes.If(nodes.Not(part), render_and_keep, [], []),
        nodes.Output([part]),
    ]
    return [node.set_lineno(line) for node in made]
