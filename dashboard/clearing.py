"""Clearing the groups that a preview showed: in batches, as a job, and none that changed since.

Of the groups that a preview has no room for, its form carries fingerprints: so they too are exactly those that it
counted, however long ago that was and whatever came since.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dashboard.formats import count, size, stamp
from dashboard.undoing import new_id
from store import GroupInfo

if TYPE_CHECKING:
    from datetime import datetime

    from dashboard.jobs import Job
    from store import Rule, Store

BATCH: Final = 100  # groups cleared in one transaction: other writers get in between
_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class Chosen:
    """Groups that were seen: some by their names, with their last change, others by their fingerprints."""

    named: Mapping[str, datetime]
    fingerprints: frozenset[bytes] = frozenset()

    def __len__(self) -> int:
        return len(self.named) + len(self.fingerprints)


@dataclass(slots=True)
class Clearing:
    """A job's work: clears what was chosen, as far as the rule chooses it still and it has not changed."""

    store: Store
    rule: Rule
    chosen: Chosen
    groups: int = 0
    items: int = 0
    size: int = 0

    def __call__(self, job: Job) -> str:
        total, undo = len(self.chosen), new_id()
        job.step(0, total)
        found = list(self._find().items())
        missing = total - len(found)
        for start in range(0, len(found), BATCH):
            if job.stopped:
                break
            self._clear(dict(found[start : start + BATCH]), undo, job)
            job.step(min(start + BATCH, len(found)) + missing, total)
        else:
            job.step(total, total)
        return self._sentence(job)

    def _find(self) -> dict[str, datetime]:
        found = dict(self.chosen.named)
        if wanted := self.chosen.fingerprints:
            groups = self.store.stale(**self.rule.arguments)
            found |= {group.id: group.updated_at for group in groups if _fingerprint(group) in wanted}
        return found

    def _clear(self, groups: dict[str, datetime], undo: str, job: Job) -> None:
        report = self.store.cleanup(**self.rule.arguments, groups=groups, undo=undo)
        self.groups += len(report.groups)
        self.items += report.items
        self.size += report.size
        if job.trash_id is None and report.groups and self.store.trash_entry(undo) is not None:
            job.trash_id = undo

    def _sentence(self, job: Job) -> str:
        words = [f"Cleared {count(self.groups, 'group')}: {count(self.items, 'item')}, {size(self.size)}."]
        if stayed := job.done - self.groups:
            words.append(f"{count(stayed, 'group')} stayed: changed since, or outside the rules now.")
        if left := job.total - job.done:
            words.append(f"Stopped: {count(left, 'group')} {'was' if left == 1 else 'were'} not touched.")
        return " ".join(words)


def fingerprints(groups: Iterable[GroupInfo]) -> str:
    """The fingerprints of groups as they are now, for a form's field."""
    return base64.b64encode(b"".join(map(_fingerprint, groups))).decode()


def parse_fingerprints(text: str) -> frozenset[bytes]:
    """What `fingerprints` gave; nothing for anything else."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return frozenset()
    return frozenset(raw[start : start + _BYTES] for start in range(0, len(raw), _BYTES))


def _fingerprint(group: GroupInfo) -> bytes:
    return hashlib.blake2b(f"{stamp(group.updated_at)} {group.id}".encode(), digest_size=_BYTES).digest()
