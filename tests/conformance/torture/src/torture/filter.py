from __future__ import annotations

from wasmkit.sdk import Headers, HttpFilter

from .kindnesses import KIND
from .recursions import RECURSIONS
from .towers import TOWERS

OPERATIONS = KIND | RECURSIONS | TOWERS


class Torture(HttpFilter[None]):
    """Carries out the operation that ``x-do`` names and answers with its result.

    An exception is part of the answer, except with ``x-raise``.
    """

    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> None:
        del end_of_stream
        operation = OPERATIONS[headers["x-do"]]
        try:
            text = str(operation())
        except BaseException as error:
            if "x-raise" in headers:
                raise
            text = f"{type(error).__name__}: {str(error)[:300]}"
        self.send_response(200, body=text)
