"""stepstate's store: groups of JSON items with TTL, atomic updates and group cleanup."""

from store.aio import AsyncStore
from store.api import Store
from store.caching.functions import AsyncCached, Cached
from store.caching.stats import CacheInfo
from store.durations import KEEP, NEVER, parse_duration
from store.errors import (
    InvalidArgument,
    InvalidName,
    InvalidOp,
    InvalidTTL,
    InvalidValue,
    StoreBusy,
    StoreClosed,
    StoreCorrupt,
    StoreError,
    StoreUnavailable,
    UnsupportedBackend,
    UpdateRejected,
    ValueTooLarge,
    VersionConflict,
)
from store.model import CleanupReport, GroupInfo, Item, OpError, Page, SetResult, Stats, UpdateResult
from store.opening import open_async_store, open_store
from store.ops import OP_TYPES
from store.transfer import LoadReport
from store.values import kind_of, parse_json

__all__ = [
    "KEEP",
    "NEVER",
    "OP_TYPES",
    "AsyncCached",
    "AsyncStore",
    "CacheInfo",
    "Cached",
    "CleanupReport",
    "GroupInfo",
    "InvalidArgument",
    "InvalidName",
    "InvalidOp",
    "InvalidTTL",
    "InvalidValue",
    "Item",
    "LoadReport",
    "OpError",
    "Page",
    "SetResult",
    "Stats",
    "Store",
    "StoreBusy",
    "StoreClosed",
    "StoreCorrupt",
    "StoreError",
    "StoreUnavailable",
    "UnsupportedBackend",
    "UpdateRejected",
    "UpdateResult",
    "ValueTooLarge",
    "VersionConflict",
    "kind_of",
    "open_async_store",
    "open_store",
    "parse_duration",
    "parse_json",
]
