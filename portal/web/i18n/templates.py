"""Templates, compiled once for each language.

`{{ _('Tenants') }}` is a constant then, one with the HTML around it, and costs nothing when a page
is made. A page has a hundred such texts, and Jinja looks each up and escapes it.

What a template includes becomes a part of it, and each block is handed on as one text. Otherwise
every piece of a page passes one by one through all templates around it.
"""

import re
from typing import TYPE_CHECKING, Any, Self

from flask.sansio.app import App
from flask.templating import Environment
from jinja2 import BytecodeCache, Template, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, Macro
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from portal.web.i18n.kept_parts import KeptTag
from portal.web.i18n.translation import locale_name, translated_once

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from jinja2.bccache import Bucket


#: What stands otherwise in HTML.
_SPECIAL = re.compile("[&<>'\"]").search


def escape_text(value: object) -> str:
    """As `markupsafe.escape`, without making a Markup of what is written out at once."""
    if type(value) is str and _SPECIAL(value) is None:
        return value
    return value if type(value) is Markup else escape(value)


#: How the code of a template begins to hand on the pieces of a block, or of its parent.
_EACH_PIECE = "yield from "
#: How it begins to write out a value.
_ESCAPED = "escape("


class _Generator(CodeGenerator):
    """What a template writes out is escaped by `escape_text`, which is three times as fast."""

    def writeline(self, x: str, node: nodes.Node | None = None, extra: int = 0) -> None:
        if x.startswith(_EACH_PIECE):
            x = f"yield concat({x.removeprefix(_EACH_PIECE)})"
        super().writeline(x, node, extra)

    def write(self, x: str) -> None:
        super().write("environment.escape_text(" if x == _ESCAPED else x)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        # What a template makes for itself is a part that is kept: HTML already.
        if not isinstance(node, nodes.InternalName):
            super()._output_child_pre(node, frame, finalize)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if not isinstance(node, nodes.InternalName):
            super()._output_child_post(node, frame, finalize)


class _Context(Context):
    """Calls a macro as Jinja does, which asks at each call what the macro wants to be told."""

    def call(self, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        if type(called) is not Macro:
            return super().call(called, *args, **kwargs)
        # For those that want the whole context; a macro wants to know whether to escape.
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        return called(self.eval_ctx, *args, **kwargs)


class LanguageEnvironment(Environment):
    """Flask's environment. It hands out the templates of the reader's language."""

    code_generator_class = _Generator
    context_class = _Context
    escape_text = staticmethod(escape_text)
    #: Of the templates that are compiled here; empty: of whoever asks.
    language = ""

    def __init__(self, app: App, **options: Any) -> None:
        super().__init__(app, **options)
        self.add_extension(KeptTag)
        #: Templates by language and name. The environments of all languages have this one.
        self._known: dict[tuple[str, str], Template] = {}

    def of_reader(self) -> Self:
        """The environment whose templates are in the reader's language."""
        if self.language:
            return self
        language = locale_name()
        made: dict[str, Self] = self.__dict__.setdefault("_of_languages", {})
        if language not in made:
            made[language] = self._in_language(language)
        return made[language]

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: "MutableMapping[str, Any] | None" = None,  # noqa: A002 - as Jinja calls it
    ) -> Template:
        """As Jinja's, which finds a template that it has compiled by a dozen calls."""
        if self.auto_reload or globals or not isinstance(name, str):
            return super().get_template(name, parent, globals)
        key = self.language or locale_name(), name
        if key not in self._known:
            self._known[key] = super().get_template(name, parent, globals)
        return self._known[key]

    def _in_language(self, language: str) -> Self:
        # What has been added to this environment by the first request is in the other one as well.
        other = self.overlay()
        other.language = language
        if self.bytecode_cache is not None:
            other.bytecode_cache = _CacheOfLanguage(self.bytecode_cache, language)
        return other

    def _load_template(
        self,
        name: str,
        globals: "MutableMapping[str, Any] | None",  # noqa: A002 - as Jinja calls it
    ) -> Template:
        if self.language:
            return super()._load_template(name, globals)
        return self.of_reader()._load_template(name, globals)

    def make_globals(self, d: "MutableMapping[str, Any] | None") -> "MutableMapping[str, Any]":
        # Without any of its own, a template needs no chain of two mappings, which is slow to read.
        return super().make_globals(d) if d else self.globals

    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,
    ) -> str:
        if self.language:
            if not self.auto_reload:
                # Jinja would not notice that an included file was changed.
                source = _Included(self).visit(source)
            source = _Constants(self).visit(source)
        return super()._generate(source, name, filename, defer_init)


class _Included(NodeTransformer):
    """Puts the nodes of an included template in the place of `{% include %}`, in a scope of their
    own: what they set is unknown outside."""

    def __init__(self, environment: LanguageEnvironment) -> None:
        self._environment = environment

    def visit_Include(self, node: nodes.Include) -> nodes.Node:  # noqa: N802 - as Jinja calls it
        name = node.template
        loader = self._environment.loader
        if not isinstance(name, nodes.Const) or not isinstance(name.value, str) or loader is None:
            return node
        if not node.with_context or node.ignore_missing:
            return node
        source, filename, _uptodate = loader.get_source(self._environment, name.value)
        included = self._environment.parse(source, name.value, filename)
        if included.find(nodes.Extends) or included.find(nodes.Block):
            return node
        self.generic_visit(included)
        return nodes.Scope(included.body, lineno=node.lineno)


class _Constants(NodeTransformer):
    """Puts the words of one language in the place of calls of `_`, and constant markup in the place
    of its name."""

    def __init__(self, environment: LanguageEnvironment) -> None:
        self._globals = environment.globals
        self._language = environment.language

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - as Jinja calls it
        self.generic_visit(node)
        is_plain = not (node.dyn_args or node.dyn_kwargs) and len(node.args) == 1
        if not (is_plain and isinstance(node.node, nodes.Name) and node.node.name == "_"):
            return node
        (text,) = node.args
        if not isinstance(text, nodes.Const):
            return node
        words = nodes.Const(translated_once(self._language, text.value), lineno=node.lineno)
        if not node.kwargs:
            return words
        values = [nodes.Pair(nodes.Const(each.key), each.value) for each in node.kwargs]
        return nodes.Mod(words, nodes.Dict(values), lineno=node.lineno)

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802 - as Jinja calls it
        value = self._globals.get(node.name) if node.ctx == "load" else None
        return nodes.TemplateData(str(value), lineno=node.lineno) if type(value) is Markup else node


class _CacheOfLanguage(BytecodeCache):
    """A cache of compiled templates, for those of one language: each language has its own."""

    def __init__(self, cache: BytecodeCache, language: str) -> None:
        self._cache = cache
        self._language = language

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        return self._cache.get_cache_key(f"{self._language}/{name}", filename)

    def load_bytecode(self, bucket: "Bucket") -> None:
        self._cache.load_bytecode(bucket)

    def dump_bytecode(self, bucket: "Bucket") -> None:
        self._cache.dump_bytecode(bucket)
