"""Restoring what takes longer than anybody waits for a page: as a job, which can be stopped and begun again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from dashboard.formats import count, oneline
from store import RestoreConflict

if TYPE_CHECKING:
    from dashboard.jobs import Job
    from store import RestoreReport, Store, TrashEntry

OnConflict: TypeAlias = Literal["raise", "skip", "overwrite"]

WHOLE_ITEMS: Final = 1000
"""More items than these do not come back in one transaction."""


@dataclass(frozen=True, slots=True)
class Restoring:
    """A job's work: restores an entry. `choices` is the page where to choose what to do about conflicts."""

    store: Store
    entry: TrashEntry
    on_conflict: OnConflict
    choices: str

    def __call__(self, job: Job) -> str:
        total = self.entry.items
        job.step(0, total)

        def go_on(items: int) -> bool:
            job.step(min(items, total), total)
            return not job.stopped

        try:
            report = self.store.restore(self.entry.id, on_conflict=self.on_conflict, go_on=go_on)
        except RestoreConflict:
            job.back_url, job.back_label = self.choices, "Choose what to do"
            raise
        if job.stopped and report.left:
            job.back_url, job.back_label = self.choices, "Restore the rest"
            back, left = count(report.items, "item"), count(report.left, "item")
            return f"Stopped: {back} came back, {left} stayed in the trash."
        job.step(total, total)
        return restored_in_words(self.entry, report)


def restored_in_words(entry: TrashEntry, report: RestoreReport) -> str:
    """What a restore did."""
    if entry.key is not None and report.items == 1:
        said = f"Restored {oneline(entry.key)}."
    else:
        where = count(entry.groups, "group") if entry.group_id is None else oneline(entry.group_id)
        said = f"Restored {count(report.items, 'item')} of {where}."
    left = f" {count(report.left, 'item')} changed since and stayed in the trash." if report.left else ""
    return said + left
