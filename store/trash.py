"""The trash: what was removed or replaced with `undo`, and bringing it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from store.core import Core
from store.errors import InvalidArgument, NotInTrash, RestoreConflict
from store.model import Page, RestoreReport, TrashEntry
from store.paging import make_query
from store.shaping import entry_of
from store.undo import check_id, conflicts, resettled, restored
from store.values import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from store.backends.trashing import Standing

SAMPLE = 5
"""How many of the items in conflict an error names."""


class TrashMethods(Core):
    """Listing what was removed, restoring it, and giving it up."""

    def trash(self, *, after: str | None = None, limit: int = 100) -> Page[TrashEntry]:
        """One page of what can be restored, the latest first.

        Args:
            after: the `next` token of the page before.
            limit: how many entries, 1 to 1000.

        Raises:
            InvalidArgument: for a bad limit or token.
        """
        query = make_query(None, "-removed", ("removed",), after, limit)
        rows = self._backend.trash.scan(query.peeking())
        page = [entry_of(record) for record in rows[:limit]]
        return Page(page, query.token(rows, lambda row: row.seq, lambda row: row.name))

    def trash_entry(self, id: str) -> TrashEntry | None:
        """What can be restored under an id, or None.

        Raises:
            InvalidArgument: it is no id: 1 to 128 printable ASCII characters.
        """
        record = self._backend.trash.read(check_id(id))
        return None if record is None else entry_of(record)

    def restore(
        self,
        id: str,
        *,
        on_conflict: Literal["raise", "skip", "overwrite"] = "raise",
        go_on: Callable[[int], bool] | None = None,
    ) -> RestoreReport:
        """Bring back what was removed or replaced under an id, unless it was changed since.

        An item comes back with its value, the time to live that it had left, its `created_at` and a new version, if
        there is now what the removal left: no item, or the very one that `set` or `update` wrote. If these made a new
        item, it is removed again. A group that was cleared gets its finished mark back, with what was left of
        `keep_for`, if it has none by now.

        To restore is to write: where two edits of an item are kept under two ids, the first is in conflict once the
        second was undone.

        Up to 1000 items (and 16 MiB) come back in one transaction, more in many small ones: each of them takes what it
        restores out of the trash, so a restore that was cut short may be repeated.

        Args:
            id: what was given as `undo`, or the `id` of an entry of `trash`.
            on_conflict: "raise" restores nothing if anything else is there now; "skip" leaves such items in the trash;
                "overwrite" replaces what is there.
            go_on: asked after each transaction, with the number of items that are back; False ends the restore there.

        Returns:
            How many items came back, and how many are left in the trash: those that `go_on` left out, and those in
            conflict, with "raise" too if others changed them while more than 1000 items were being restored.

        Raises:
            NotInTrash: there is nothing under that id, or its ten minutes are over.
            RestoreConflict: nothing was restored.
            InvalidArgument: it is no id, or `on_conflict` is none of these.
        """
        if on_conflict not in ("raise", "skip", "overwrite"):
            raise InvalidArgument(f"on_conflict must be 'raise', 'skip' or 'overwrite', not {shown(on_conflict)}")
        trash, known, items = self._backend.trash, False, 0
        if on_conflict == "raise":
            _refuse_conflicts(trash.contested(check_id(id)))
        for batch in trash.restore(check_id(id), _Restoring(on_conflict)):
            known, items = True, items + batch
            self._counters.wrote(batch)
            if go_on is not None and not go_on(items):
                break
        if not known:
            raise NotInTrash(id)
        rest = trash.read(id)
        return RestoreReport(items, 0 if rest is None else rest.items)

    def discard(self, id: str) -> bool:
        """Give up what can be restored under an id; False if there is nothing.

        Raises:
            InvalidArgument: it is no id.
        """
        return self._backend.trash.discard(check_id(id))


class _Restoring:
    def __init__(self, on_conflict: str) -> None:
        self._strict = on_conflict == "raise"
        # An entry may have two records of an item that somebody else wrote in between. Then the latest is to remain:
        # it comes last where each replaces what is there, and first where the next one is a conflict.
        self.oldest_first = on_conflict == "overwrite"

    change = staticmethod(restored)
    settings = staticmethod(resettled)

    def chosen(self, standings: Sequence[Standing], *, whole: bool) -> list[bool]:
        if self.oldest_first:
            return [True] * len(standings)
        if self._strict and whole:
            _refuse_conflicts(standings)
        first: dict[tuple[str, str], Standing] = {}
        for standing in standings:
            first.setdefault((standing.group, standing.key), standing)
        return [first[one.group, one.key] is one and not conflicts(one) for one in standings]


def _refuse_conflicts(standings: Iterable[Standing]) -> None:
    count, sample = 0, list[tuple[str, str]]()
    for standing in standings:
        if conflicts(standing):
            count += 1
            if count <= SAMPLE:
                sample.append((standing.group, standing.key))
    if count:
        raise RestoreConflict(count, sample)
