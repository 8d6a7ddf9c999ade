"""What the subjects store: an order of 240 bytes, an API's response of 10 KB, a counter."""

from __future__ import annotations

from typing import Any

GROUP = "orders"
TTL = 3600.0


def key_of(number: int) -> str:
    """Keys of one length, in the order of their numbers."""
    return f"order-{number:08d}"


def order(number: int) -> dict[str, Any]:
    """An order: 240 bytes of JSON."""
    return {
        "id": key_of(number),
        "status": "pending",
        "total": 10000 + number % 9000 + 0.25,
        "currency": "EUR",
        "customer": {"name": "Ada Lovelace", "email": "ada@example.com"},
        "items": [{"sku": "A-100", "qty": 2}, {"sku": "B-200", "qty": 1}],
        "attempts": 0,
        "note": "ring twice, then wait.",
    }


def response(number: int) -> dict[str, Any]:
    """What an API answers to a search: 10 KB of JSON."""
    hits = [
        {
            "id": 10**9 + number % 10**6 * 100 + hit,
            "title": f"Repository number {hit:03d} of the search",
            "url": f"https://api.example.com/repositories/{hit:03d}?expand=owner",
            "stars": 1000 + hit,
            "score": hit + 0.5,
            "archived": hit % 7 == 0,
            "licence": None,
            "topics": ["state", "workflow", "cache"],
        }
        for hit in range(100, 146)
    ]
    return {"total": 1412, "page": 3, "hits": hits}


def counter(_number: int) -> int:
    """A counter at its start."""
    return 0
