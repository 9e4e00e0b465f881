"""@@description@@"""

from dataclasses import dataclass

from wasmkit.sdk import Headers, HttpFilter


@dataclass
class Config:
    header: str = "x-hello"
    value: str = "world"


class @@class_name@@(HttpFilter[Config]):
    def on_response_headers(self, headers: Headers, end_of_stream: bool) -> None:
        headers[self.config.header] = self.config.value
