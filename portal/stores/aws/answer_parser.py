"""Parses answers of AWS as botocore's own parser does, at a part of its cost.

botocore walks through the whole answer with the service's description beside it, and looks up at
each value how its kind is read. Here that is looked up once for each shape, and what needs no
conversion, such as nearly all of DynamoDB, is not touched: orjson has read it.

It takes botocore's place where botocore lets one: the session's component
`response_parser_factory`. Whatever it does not understand goes to botocore's parser, errors
included.

This module loads botocore: import it only to make a client.
"""

from collections.abc import Callable, Collection, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson
from botocore.parsers import JSONParser, ResponseParser, ResponseParserFactory

if TYPE_CHECKING:
    from botocore.model import Shape
    from botocore.session import Session

#: Converts what orjson made of a value; `None` if it is right as it is.
Convert = Callable[[Any], Any] | None

_DICT = {dict}
#: Kinds of values that botocore's parser passes on.
_AS_THEY_ARE = frozenset({
    "string", "boolean", "integer", "long", "float", "double", "bigdecimal",
})  # fmt: skip


def use_fast_parser(session: "Session") -> None:
    """Have the clients of this session use this parser. It must not have made one before."""
    session.register_component("response_parser_factory", _Parsers())


class _NotUnderstoodError(Exception):
    """This is for botocore's own parser."""


class FastJsonParser(JSONParser):  # type: ignore[misc] # botocore has no annotations
    """Gives what botocore's parser gives."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._converters: dict[str, Convert] = {}

    def _do_parse(self, response: Mapping[str, Any], shape: "Shape | None") -> Any:
        body = response["body"]
        # botocore leaves nulls out in some places. DynamoDB sends none, so nothing looks for them
        # below; a text with this word in it takes the long way.
        if shape is None or shape.event_stream_name or b"null" in body:
            return super()._do_parse(response, shape)
        try:
            parsed = self._converted(shape, orjson.loads(body))
        except (orjson.JSONDecodeError, _NotUnderstoodError, AttributeError, TypeError, ValueError):
            return super()._do_parse(response, shape)
        self._inject_response_metadata(parsed, response["headers"])
        return parsed

    def _converted(self, shape: Any, value: Any) -> Any:
        convert = self._converter(shape)
        return convert(value) if convert else value

    def _converter(self, shape: Any) -> Convert:
        """Looked up once for each shape. One that holds itself, as a list of DynamoDB may hold
        lists, is looked up at each of its values."""
        name: str = shape.name
        if name not in self._converters:
            self._converters[name] = lambda value: self._converted(shape, value)
            self._converters[name] = self._new_converter(shape)
        return self._converters[name]

    def _new_converter(self, shape: Any) -> Convert:
        kind = shape.type_name
        if kind in _AS_THEY_ARE:
            return None
        if kind in ("blob", "timestamp"):
            convert_it: Convert = getattr(self, f"_{kind}_parser")
            return convert_it
        if kind == "list":
            convert = self._converter(shape.member)
            if convert and _is_map_of_structures(shape.member):
                return _of_list_of_maps(self._unconverted(shape.member.value), convert)
            if convert and (inner := _only_map_of_structures(shape.member)):
                name, held = inner
                return _of_list_of_holders(name, self._unconverted(held.value), convert)
            return _of_list(convert)
        if kind == "map":
            convert = self._converter(shape.value)
            if convert and _is_map_of_structures(shape):
                return _of_map_of_structures(self._unconverted(shape.value), convert)
            return _of_map(convert)
        return self._of_structure(shape) if _is_plain_structure(shape) else _not_understood

    def _of_structure(self, shape: Any) -> Convert:
        members = [
            (_json_name(name, member), name, self._converter(member))
            for name, member in shape.members.items()
        ]

        def structure(value: Any) -> Any:
            if type(value) is not dict:
                raise _NotUnderstoodError
            return {
                name: convert(value[json_name]) if convert else value[json_name]
                for json_name, name, convert in members
                if json_name in value
            }

        return structure

    def _unconverted(self, shape: Any) -> frozenset[str]:
        """The members of a structure that are right as they are."""
        return frozenset(
            name
            for name, member in shape.members.items()
            if _json_name(name, member) == name and self._converter(member) is None
        )


def _is_plain_structure(shape: Any) -> bool:
    return bool(
        shape.type_name == "structure" and not (shape.is_document_type or shape.is_tagged_union)
    )


def _is_map_of_structures(shape: Any) -> bool:
    return bool(shape.type_name == "map" and _is_plain_structure(shape.value))


def _only_map_of_structures(shape: Any) -> tuple[str, Any] | None:
    """Name and shape of what a structure holds, if it may hold one map of structures only."""
    if not _is_plain_structure(shape) or len(shape.members) != 1:
        return None
    ((name, member),) = shape.members.items()
    same = _json_name(name, member) == name
    return (name, member) if same and _is_map_of_structures(member) else None


def _json_name(name: str, member: Any) -> str:
    return str(member.serialization.get("name", name))


def _of_list(convert: Convert) -> Convert:
    def converted(value: Any) -> Any:
        if type(value) is not list:
            raise _NotUnderstoodError
        return [convert(each) for each in value] if convert else value

    return converted


def _of_list_of_maps(unconverted: frozenset[str], convert: Callable[[Any], Any]) -> Convert:
    """As the items of a page. They are looked at together, which costs less than one by one."""

    def converted(value: Any) -> Any:
        if type(value) is not list:
            raise _NotUnderstoodError
        if _are_right(value, unconverted):
            return value
        return [convert(each) for each in value]

    return converted


def _of_list_of_holders(
    name: str, unconverted: frozenset[str], convert: Callable[[Any], Any]
) -> Convert:
    """As the answers of a transaction, `[{"Item": {...}}, {}]`: they are looked at together."""
    names = {name}

    def converted(value: Any) -> Any:
        if type(value) is not list:
            raise _NotUnderstoodError
        if {*map(type, value)} <= _DICT and names.issuperset(chain.from_iterable(value)):
            maps = [*chain.from_iterable(map(dict.values, value))]
            if _are_right(maps, unconverted):
                return value
        return [convert(each) for each in value]

    return converted


def _are_right(maps: Collection[Any], unconverted: frozenset[str]) -> bool:
    """Whether these are maps of structures that hold nothing but members to be left unconverted."""
    if not {*map(type, maps)} <= _DICT:
        return False
    structures = [*chain.from_iterable(map(dict.values, maps))]
    return {*map(type, structures)} <= _DICT and unconverted.issuperset(
        chain.from_iterable(structures)
    )


def _of_map(convert: Convert) -> Convert:
    def converted(value: Any) -> Any:
        return {name: convert(each) if convert else each for name, each in value.items()}

    return converted


def _of_map_of_structures(unconverted: frozenset[str], convert: Callable[[Any], Any]) -> Convert:
    """As the attributes of an item, `{"name": {"S": "text"}}`: mostly nothing has to be done."""

    def converted(value: Any) -> Any:
        if _are_right((value,), unconverted):
            return value
        return {name: convert(each) for name, each in value.items()}

    return converted


def _not_understood(_value: Any) -> Any:
    raise _NotUnderstoodError


class _Parsers(ResponseParserFactory):  # type: ignore[misc] # botocore has no annotations
    """One parser for all answers, since it keeps what it looked up."""

    def __init__(self) -> None:
        super().__init__()
        self._parser: FastJsonParser | None = None

    def create_parser(self, protocol_name: str) -> ResponseParser:
        if protocol_name != "json":
            return super().create_parser(protocol_name)
        if self._parser is None:
            self._parser = FastJsonParser(**self._defaults)
        return self._parser
