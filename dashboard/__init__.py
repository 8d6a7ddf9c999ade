"""The dashboard: pages over a store, as a Starlette application."""

from dashboard.access import Access
from dashboard.app import create_app

__all__ = ["Access", "create_app"]
