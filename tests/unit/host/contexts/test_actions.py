"""What a host makes of the number that a callback returns."""

from __future__ import annotations

import pytest

from wasmkit.host.contexts.actions import DataStatus, HeadersStatus, TrailersStatus

BIG = 2**32 - 1


@pytest.mark.parametrize(
    ("number", "status"), [(0, 0), (1, 4), (2, 0), (3, 3), (4, 4), (5, 4), (BIG, 4)]
)
def test_headers(number: int, status: int) -> None:
    assert HeadersStatus.of(number, stopped=False) == status
    assert HeadersStatus.of(number, stopped=True) is HeadersStatus.STOP_ALL_AND_WATERMARK


@pytest.mark.parametrize(("number", "status"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (BIG, 3)])
def test_bodies(number: int, status: int) -> None:
    assert DataStatus.of(number, stopped=False) == status
    assert DataStatus.of(number, stopped=True) is DataStatus.STOP_NO_BUFFER


@pytest.mark.parametrize(("number", "status"), [(0, 0), (1, 1), (2, 1), (BIG, 1)])
def test_trailers(number: int, status: int) -> None:
    assert TrailersStatus.of(number, stopped=False) == status
    assert TrailersStatus.of(number, stopped=True) is TrailersStatus.STOP
