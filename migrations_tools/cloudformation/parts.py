"""Small parts that templates are made of."""

from typing import Any

from migrations_tools.table_definition import Document

NO_VALUE: Document = {"Ref": "AWS::NoValue"}


def ref(name: str) -> Document:
    return {"Ref": name}


def arn_of(name: str) -> Document:
    return {"Fn::GetAtt": [name, "Arn"]}


def sub(text: str) -> Document:
    return {"Fn::Sub": text}


def host_of(address: str) -> Document:
    """The host of an address in a parameter: what stands behind the second slash."""
    return {"Fn::Select": [2, {"Fn::Split": ["/", ref(address)]}]}


def either(condition: str, yes: Any, no: Any = NO_VALUE) -> Document:
    return {"Fn::If": [condition, yes, no]}


def is_yes(parameter: str) -> Document:
    return {"Fn::Equals": [ref(parameter), "yes"]}


def is_set(parameter: str) -> Document:
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), ""]}]}


def text(description: str, default: str | None = "", **more: object) -> Document:
    """A parameter; `default=None`: it has to be given."""
    default_of = {} if default is None else {"Default": default}
    return {"Type": "String", **default_of, "Description": description, **more}


def number(default: int, description: str, **more: object) -> Document:
    return {
        "Type": "Number", "Default": default, "MinValue": 1, "Description": description, **more,
    }  # fmt: skip


def choice(default: str, description: str) -> Document:
    return text(description, default, AllowedValues=["no", "yes"])


def names_and_values(values: dict[str, Any]) -> list[Document]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def attributes(values: dict[str, str]) -> list[Document]:
    return [{"Key": name, "Value": value} for name, value in values.items()]
