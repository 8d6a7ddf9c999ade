"""The dashboard: pages over a store, as a Starlette application."""

from dashboard.app import create_app

__all__ = ["create_app"]
