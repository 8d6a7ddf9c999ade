"""The background sweeper."""

from __future__ import annotations

import logging
import threading
import weakref
from typing import Protocol

from store.errors import StoreClosed, StoreError
from store.forking import after_fork

log = logging.getLogger("stepstate")


class Sweepable(Protocol):
    """What the sweeper needs of a store."""

    def _sweep(self, *, yielding: bool) -> int:
        """Remove what has expired, unless another process is at it."""


class Sweeper:
    """Sweeps a store every `interval` seconds, from a daemon thread that ends with the store."""

    def __init__(self, store: Sweepable, interval: float) -> None:
        self._stopped = threading.Event()
        self._interval = interval
        # A weak reference: a store that is dropped without close() must not live on through its sweeper.
        self._store = weakref.ref(store, lambda _: self._stopped.set())
        self._start()
        after_fork(self, Sweeper._after_fork)

    def stop(self) -> None:
        """End the thread, after the sweep it may be in."""
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _after_fork(self) -> None:
        """In a child process, which inherits no threads: sweep there as well."""
        if not self._stopped.is_set():
            self._stopped = threading.Event()  # the inherited one may have been in use at the fork
            self._start()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="stepstate-sweeper", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            store = self._store()
            if store is None:
                return
            try:
                store._sweep(yielding=True)
            except StoreClosed:
                return
            except StoreError as error:
                log.warning("the sweep failed and will be tried again in %g s: %s", self._interval, error)
            del store
