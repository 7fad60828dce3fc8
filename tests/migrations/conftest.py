"""Migrations are walked from an empty database, on both kinds."""

from __future__ import annotations

from tests.databases import empty

__all__ = ["empty"]
