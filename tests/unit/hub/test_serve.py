from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from wasmkit.errors import InputError
from wasmkit_hub.platform import server
from wasmkit_hub.serve import HubServing, ServeHubRequest, serve_hub

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.progress import Event


@pytest.mark.parametrize(
    ("listen", "for_others"), [("127.0.0.1:0", False), ("localhost:1", False), (":8080", True)]
)
def test_it_tells_where_it_serves_before_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listen: str, *, for_others: bool
) -> None:
    told: list[Event] = []
    served: list[object] = []
    monkeypatch.setattr(server, "open_port", lambda address: nullcontext(address.port))
    monkeypatch.setattr(server, "url_of", lambda opened: f"http://h:{opened}")
    monkeypatch.setattr(server, "serve", lambda _, opened: served.append((opened, len(told))))
    serve_hub(ServeHubRequest(listen, tmp_path / "data"), told.append)
    port = listen.rpartition(":")[2]
    assert told == [HubServing(f"http://h:{port}", tmp_path / "data", for_others)]
    assert served == [(int(port), 1)]


def test_a_wrong_address_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not an address to listen at"):
        serve_hub(ServeHubRequest("8080", tmp_path / "data"))
    assert not (tmp_path / "data").exists()
