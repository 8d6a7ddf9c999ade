"""The SQLite file: connections to it, and transactions."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

import apsw

from store.backends import sqlite_opening, sqlite_place
from store.backends.generations import COMMITS, SUFFIX, Generations
from store.backends.sqlite_errors import TROUBLE, Trouble, translated
from store.backends.sqlite_place import Place
from store.backends.sqlite_waiting import busy_handler
from store.errors import StoreCorrupt, StoreError, StoreUnavailable
from store.forking import Rank, after_fork, before_fork, survives_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MOVED_SECONDS = 0.1


class Connected:
    """A thread's connection. While a thread is in its context, SQLite's errors become the store's."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self.lock = threading.RLock()
        survives_fork(self.lock, Rank.BACKEND)
        # One cursor for all statements, each of which is read to its end: making one takes as long as a short one.
        self.cursor: apsw.Cursor | None = None
        self.out_of_room = False
        self._seen = (0, 0)

    def __enter__(self) -> apsw.Cursor:
        self.lock.acquire()
        try:
            self._file.look()
            return self.cursor or self.open()
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(error, TROUBLE):
                raise self._file.translated(error, self.cursor) from error
        finally:
            self.lock.release()

    def row(self, sql: str, bindings: tuple[str, ...]) -> Any:
        """The only row of a SELECT with several columns, or None; as in the context, but quicker."""
        with self.lock:
            try:
                return (self.cursor or self.open()).execute(sql, bindings).get
            except apsw.Error as error:
                raise self._file.translated(error, self.cursor) from error

    def close(self, *, sound: bool) -> None:
        """Close the connection for good, once the call that is under way has ended.

        If the file is not `sound`, what is left in the log stays there, lest it spoils what was copied into the file.
        """
        with self.lock, contextlib.suppress(apsw.Error):
            if self.cursor is not None:
                connection = self.cursor.connection
                if not sound:
                    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
                connection.close()

    def disconnect(self) -> None:
        """Close the connection until it is needed again, unless the thread forks in the middle of a transaction."""
        if self.cursor is None:
            return
        try:
            if self.cursor.connection.in_transaction:
                return
            self.cursor.connection.close()
        except apsw.Error:  # it is closed for good
            return
        self.cursor = None
        self._seen = (0, 0)

    def looked(self) -> tuple[bool, bool]:
        """Whether another connection has committed since the last look, and whether any writer has announced it."""
        with self as db:
            before, now = self._seen, (db.execute("PRAGMA data_version").get, self._file.generations.words[COMMITS])
            self._seen = now
        return before[0] != now[0], before[1] != now[1]

    def open(self) -> apsw.Cursor:
        """Connect; the thread holds the lock."""
        self.cursor = self._file.connect().cursor()
        return self.cursor


class SqliteFile:
    """One database file in WAL mode, with a connection for each thread.

    Args:
        path: the file; it and its folders are made if `create`.
        timeout: seconds to wait for another writer.
        create: whether a file that is not there is made.
        durable: whether each commit is flushed to the disk.

    Raises:
        StoreUnavailable: it cannot be opened or made, belongs to another program, or has another schema.
        StoreCorrupt: it is not a database, or is damaged.
    """

    def __init__(self, path: Path, timeout: float, *, create: bool, durable: bool) -> None:
        self._timeout = timeout
        self._durable = durable
        self._registry = threading.Lock()
        survives_fork(self._registry, Rank.INNERMOST)
        self._forget_connections()
        self._look_at = 0.0
        # Absolute: names such as ":memory:" mean something else to SQLite, and the process may change its folder. Not a
        # link: the files beside the database have to be the same for all who open it.
        self.path = sqlite_place.find(path, create=create)
        try:
            sqlite_place.check_beside(self.path)
            self.generations = sqlite_opening.prepare(self.path, self._connect(create=create), timeout)
            self._place = Place(path.absolute(), self.path, self.generations)
        except TROUBLE as error:
            raise self.translated(error) from error
        before_fork(self, SqliteFile._before_fork)
        after_fork(self, SqliteFile._after_fork)

    def connected(self) -> Connected:
        """This thread's connection."""
        try:
            held: Connected = self._local.held
        except AttributeError:
            held = self._local.held = self.separate()
        return held

    def separate(self) -> Connected:
        """A connection for what is to have one of its own."""
        held = Connected(self)
        with self._registry:
            self._all_connected.add(held)
        return held

    def write(self, work: Callable[[apsw.Cursor, *Ts], tuple[T, Sequence[int]]], *args: *Ts) -> T:
        """Run a transaction that holds the write lock from its start: what it reads is still true when it commits.

        `work` gets a cursor and the arguments. It returns its result and the slots of the counters that stand for what
        it has changed, each once.
        """
        connected = self.connected()
        with connected.lock:
            try:
                db = connected.cursor or connected.open()
                db.execute("BEGIN IMMEDIATE")
                try:
                    if time.monotonic() >= self._look_at:  # behind the wait for the lock, which may be long
                        self.check_place()
                    result, slots = work(db, *args)
                    self._commit(db, slots)
                except BaseException:
                    if db.connection.in_transaction:
                        db.execute("ROLLBACK")
                    raise
            except TROUBLE as error:
                if isinstance(error, apsw.FullError) and not connected.out_of_room:
                    return self._again(connected, work, *args)
                raise self.translated(error, connected.cursor) from error
        return result

    def look(self) -> None:
        """Check the place if that was a while ago."""
        if time.monotonic() >= self._look_at:
            self.check_place()

    def check_place(self) -> None:
        """Make sure that the files are still the ones that were opened; see Place.check."""
        try:
            self._place.check()
        except apsw.Error as error:
            raise self.translated(error) from error
        self._look_at = time.monotonic() + MOVED_SECONDS

    def connect(self) -> apsw.Connection:
        """A new connection to the file, which has to be there."""
        self.check_place()
        connection = self._connect(create=False)
        connection.set_busy_handler(busy_handler(self.generations, self._timeout))
        return connection

    def translated(self, error: Trouble, db: apsw.Cursor | None = None) -> StoreError:
        """An error that came up over this file, as the store's own; `db` met it."""
        return translated(error, self.path, self._timeout, None if db is None else db.connection)

    def size(self) -> int:
        """Bytes on disk: the database and its write-ahead log."""
        return sum(_bytes(Path(f"{self.path}{suffix}")) for suffix in ("", "-wal"))

    def close(self) -> None:
        """Close every thread's connection, once the calls that are under way have ended."""
        with self._registry:
            all_connected = list(self._all_connected)
        sound = self._is_sound()
        for held in all_connected:
            held.close(sound=sound)
        self._place.close()

    def _before_fork(self) -> None:
        """Close all connections: a child would take the locks that its parent has in them for its own.

        POSIX locks are not inherited, but what SQLite notes of them in a process is: sqlite.org/howtocorrupt.html, 2.6.
        Both sides connect anew when they need to.
        """
        for held in list(self._all_connected):
            held.disconnect()

    def _after_fork(self) -> None:
        """In a child process: leave the parent's connections untouched for good, as SQLite demands."""
        _INHERITED.extend(self._all_connected)
        self._forget_connections()

    def _again(
        self, connected: Connected, work: Callable[[apsw.Cursor, *Ts], tuple[T, Sequence[int]]], *args: *Ts
    ) -> T:
        """Write once more, where the disk was full: the log may be what fills it, and can be used from its start."""
        connected.out_of_room = True
        try:
            with contextlib.suppress(StoreError), connected as db:
                db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            return self.write(work, *args)
        finally:
            connected.out_of_room = False

    def _commit(self, db: apsw.Cursor, slots: Sequence[int]) -> None:
        generations = self.generations
        if not generations.writable:
            generations = self._writable_generations(db)
        try:
            numbers = generations.begin(slots)
        except ValueError as error:  # a counter at its end, where no count of commits comes
            raise StoreCorrupt(f"{self.path}{SUFFIX} was overwritten; remove it while nobody has it open") from error
        try:
            db.execute("COMMIT")
        finally:
            generations.end(slots, numbers)

    def _writable_generations(self, db: apsw.Cursor) -> Generations:
        """What was in the way of the counters when the file was opened may be gone by now."""
        try:
            found = sqlite_opening.writable_counters(self.path, db.execute("SELECT id FROM store").get)
        except OSError as error:
            why = f"so no other process could be told: {error.strerror}"
            raise StoreUnavailable(f"{self.path}{SUFFIX} cannot be written, {why}") from error
        self._place.look_after(found)
        self.generations = found
        return found

    def _is_sound(self) -> bool:
        try:
            self.check_place()
        except StoreError:
            return False
        return True

    def _forget_connections(self) -> None:
        self._local = threading.local()
        self._all_connected: weakref.WeakSet[Connected] = weakref.WeakSet()

    def _connect(self, *, create: bool) -> apsw.Connection:
        return sqlite_opening.connect(self.path, self._timeout, create=create, durable=self._durable)


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # the log comes and goes
        return 0


_INHERITED: list[Connected] = []
