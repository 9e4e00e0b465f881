"""Lets a request with a JSON body pass only if the body is what the API expects."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from wasmkit.sdk import Action, Body, Headers, HttpFilter

TITLES = {400: "Bad Request", 413: "Content Too Large", 415: "Unsupported Media Type"}
TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


@dataclass
class Config:
    paths: list[str] = field(default_factory=lambda: ["/"])
    methods: list[str] = field(default_factory=lambda: ["POST", "PUT", "PATCH"])
    max_bytes: int = 65536
    fields: dict[
        str, Literal["array", "boolean", "integer", "null", "number", "object", "string"]
    ] = field(default_factory=dict)


class JsonCheck(HttpFilter[Config]):
    checked = False

    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> Action | None:
        config = self.config
        if headers[":method"] not in config.methods:
            return None
        if not headers[":path"].startswith(tuple(config.paths)):
            return None
        if not is_json(headers.get("content-type", "")):
            return self.refuse(415, "the content-type must be application/json")
        if headers.get("content-encoding", "identity") != "identity":
            return self.refuse(415, "the body must not be compressed")
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > config.max_bytes:
            return self.refuse(413, f"the body is larger than {config.max_bytes} bytes")
        self.checked = True
        return None

    def on_request_body_complete(self, body: Body) -> Action | None:
        if not self.checked:
            return None
        if len(body) > self.config.max_bytes:
            return self.refuse(413, f"the body is larger than {self.config.max_bytes} bytes")
        try:
            value = json.loads(
                body.read().decode("utf-8"),
                object_pairs_hook=without_repeats,
                parse_constant=no_constant,
            )
        except RecursionError:
            return self.refuse(400, "the body is nested too deeply")
        except ValueError as error:  # no UTF-8, no JSON, a number of thousands of digits
            return self.refuse(400, f"the body is not valid JSON: {error}")
        fault = self.fault(value)
        return self.refuse(400, fault) if fault else None

    def fault(self, value: Any) -> str:
        fields = self.config.fields
        if fields and not isinstance(value, dict):
            return "the body must be an object"
        for name, kind in fields.items():
            if name not in value:
                return f"the field '{name}' is missing"
            # To Python, true is an integer; to JSON it is not.
            if not isinstance(value[name], TYPES[kind]) or (
                isinstance(value[name], bool) and kind != "boolean"
            ):
                return f"the field '{name}' must be of type {kind}"
        return ""

    def refuse(self, status: int, detail: str) -> Action:
        """Answer as RFC 9457 says."""
        problem = {"title": TITLES[status], "status": status, "detail": detail}
        return self.send_response(
            status,
            {"content-type": "application/problem+json"},
            json.dumps(problem),
            details="json_check",
        )


def is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers may take different ones of two equal names, so there must not be two."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return result


def no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")
