"""stepstate's store: groups of JSON items with TTL, atomic updates and group cleanup."""

from store.aio import AsyncStore
from store.api import Store
from store.backends.trashing import UNDO_SECONDS
from store.caching.functions import AsyncCached, Cached
from store.caching.stats import CacheInfo
from store.durations import KEEP, NEVER, parse_duration
from store.errors import (
    InvalidArgument,
    InvalidName,
    InvalidOp,
    InvalidTTL,
    InvalidValue,
    NotInTrash,
    RestoreConflict,
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
from store.filtering import OPS, PROPERTY_OPS, Property, Where
from store.loading import LoadedLine, LoadReport
from store.model import (
    NOT_READ,
    Branch,
    CleanupReport,
    Count,
    GroupInfo,
    Item,
    OpError,
    Page,
    RestoreReport,
    SetResult,
    Stats,
    TrashEntry,
    UpdateResult,
)
from store.opening import open_async_store, open_store
from store.ops import OP_TYPES
from store.rules import Rule
from store.values import kind_of, parse_json

__all__ = [
    "KEEP",
    "NEVER",
    "NOT_READ",
    "OPS",
    "OP_TYPES",
    "PROPERTY_OPS",
    "UNDO_SECONDS",
    "AsyncCached",
    "AsyncStore",
    "Branch",
    "CacheInfo",
    "Cached",
    "CleanupReport",
    "Count",
    "GroupInfo",
    "InvalidArgument",
    "InvalidName",
    "InvalidOp",
    "InvalidTTL",
    "InvalidValue",
    "Item",
    "LoadReport",
    "LoadedLine",
    "NotInTrash",
    "OpError",
    "Page",
    "Property",
    "RestoreConflict",
    "RestoreReport",
    "Rule",
    "SetResult",
    "Stats",
    "Store",
    "StoreBusy",
    "StoreClosed",
    "StoreCorrupt",
    "StoreError",
    "StoreUnavailable",
    "TrashEntry",
    "UnsupportedBackend",
    "UpdateRejected",
    "UpdateResult",
    "ValueTooLarge",
    "VersionConflict",
    "Where",
    "kind_of",
    "open_async_store",
    "open_store",
    "parse_duration",
    "parse_json",
]
