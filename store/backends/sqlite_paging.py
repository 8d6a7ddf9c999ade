"""Keyset pagination in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from store.paging import Query


def paged(query: Query, value: str, name: str) -> str:
    """The end of a WHERE clause, the order and the limit of a page; `value` and `name` are SQL expressions."""
    further, order = ("<", "DESC") if query.descending else (">", "ASC")
    after = f"AND ({value} {further} :value OR ({value} = :value AND {name} > :name))" if query.after else ""
    if value == name:
        after = f"AND {name} {further} :name" if query.after else ""
        return f" {after} ORDER BY {name} {order} LIMIT :limit"
    return f" {after} ORDER BY {value} {order}, {name} LIMIT :limit"


def bindings(query: Query) -> dict[str, Any]:
    """What `paged` and a search are bound to."""
    value, name = query.after or (None, None)
    return {"search": query.search, "value": value, "name": name, "limit": query.limit}
