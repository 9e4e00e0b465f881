"""What is known of each image: what its author says, what was measured, and the verdict."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from wasmkit_hub.platform.database import Base

__all__ = ["ImageRow", "PaperRow", "State"]


class State(StrEnum):
    """What becomes of a version; the words of the API."""

    MEASURING = "measuring"
    """Not looked at yet; served meanwhile."""
    SERVED = "served"
    BLOCKED = "blocked"
    """Shown with the reasons; its tags lead nowhere."""


class ImageRow(Base):
    """One image that holds a module, or says that it does. Empty texts are unknown."""

    __tablename__ = "images"

    repository: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    reasons: Mapped[list[str]]
    """Why it is blocked, or what there is to know about its being served."""
    listed: Mapped[bool]
    """False for an archive of which only measuring tells whether a module is inside."""
    pushed_at: Mapped[float]

    # What its author says, cut to length: every word is a stranger's.
    name: Mapped[str]
    version: Mapped[str]
    description: Mapped[str]
    licenses: Mapped[str]
    authors: Mapped[str]
    root_id: Mapped[str]
    lowest_envoy: Mapped[str]
    language: Mapped[str]
    kind: Mapped[str]
    on_error: Mapped[str]
    """``open``, ``close``, or nothing."""
    example: Mapped[str]
    """A configuration to begin with, as JSON."""

    # What was measured.
    module_sha256: Mapped[str]
    module_size: Mapped[int]
    abi: Mapped[str]
    module: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    """The inspection's facts (see ``tasks.measure``); empty until then."""


class PaperRow(Base):
    """A README or a schema, made ready for a page once, whoever pushed it how often."""

    __tablename__ = "papers"

    digest: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    """The referrer's artifact type."""
    content: Mapped[dict[str, Any]]
    """What ``tasks.render`` returns; empty while it is being made, or with ``failed``, a text."""
