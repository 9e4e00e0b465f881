"""Finding filters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from wasmkit_hub.catalogue.tables import FilterRow
from wasmkit_hub.verification.tables import ImageRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["PAGE_SIZE", "Found", "Order", "find"]

PAGE_SIZE = 25


class Order(Enum):
    """How a list of filters is sorted; the value is what stands in the URL."""

    UPDATED = "updated"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search; ``total`` counts all pages."""

    images: tuple[ImageRow, ...]
    total: int


def find(session: Session, words: str, order: Order, page: int) -> Found:
    """Search name, repository and description for every one of the words; pages count from 1."""
    query = select(FilterRow)
    folded = words.casefold().split()
    for word in folded:
        in_name = FilterRow.search_name.contains(word, autoescape=True)
        query = query.where(in_name | FilterRow.search_text.contains(word, autoescape=True))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    if folded:  # a hit in the name comes before one in the description
        query = query.order_by(
            FilterRow.search_name.contains(" ".join(folded), autoescape=True).desc()
        )
    by = FilterRow.updated_at.desc() if order is Order.UPDATED else FilterRow.search_name
    rows = session.scalars(
        query.order_by(by, FilterRow.repository).offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    ).all()
    images = [session.get_one(ImageRow, (row.repository, row.digest)) for row in rows]
    return Found(tuple(images), total)
