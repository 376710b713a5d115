"""Structured logs on standard error: readable lines in development, JSON in production."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(*, production: bool) -> None:
    """Set up structlog for this process. No personal data, passwords, tokens or bodies are ever logged."""
    renderer = (
        structlog.processors.JSONRenderer() if production else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
