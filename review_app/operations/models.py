"""What the desk remembers of its own running."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from review_app.base.database import Base


class JobCount(Base):
    """How many times a kind of job looked at a row and ended so (`done` or `failed`), ever and on all machines."""

    __tablename__ = "job_count"

    job: Mapped[str] = mapped_column(primary_key=True)
    result: Mapped[str] = mapped_column(primary_key=True)
    runs: Mapped[int]
