"""The list of filters, one row each, so that a search reads nothing else."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from wasmkit_hub.platform.database import Base

__all__ = ["FilterRow"]


class FilterRow(Base):
    """One repository that holds filter images, by the version that is shown for it."""

    __tablename__ = "filters"

    repository: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    name: Mapped[str]
    search_name: Mapped[str]
    """Name and repository, casefolded: SQLite's own LIKE folds ASCII only."""
    search_text: Mapped[str]
    """Description, casefolded."""
    updated_at: Mapped[float] = mapped_column(index=True)
