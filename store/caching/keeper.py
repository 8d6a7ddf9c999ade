"""The thread that renews leases while functions work, and writes counters down every few seconds."""

from __future__ import annotations

import threading
import time
import weakref
from typing import TYPE_CHECKING, Final

from store.errors import StoreError

if TYPE_CHECKING:
    from store.caching.flights import Flight
    from store.caching.hub import CacheHub
    from store.caching.leases import Lease

FLUSH_SECONDS: Final = 2.0


class Keeper:
    """Begins with the first call that needs it, and ends with the store."""

    def __init__(self, hub: CacheHub) -> None:
        # A weak reference: a store that is dropped without close() must not live on through this thread.
        self._hub = weakref.ref(hub, self._orphaned)
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._begin_anew()

    def start(self) -> None:
        """Have the thread run, if it does not yet."""
        if self._thread is None and not self._stopped:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="stepstate-cache", daemon=True)
                    self._thread.start()

    def stop(self) -> None:
        """End the thread, after what it is at."""
        self._stopped = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def add(self, lease: Lease, flight: Flight) -> None:
        """Renew a lease from now on, unless the flight that it is for is abandoned."""
        due = time.monotonic() + lease.renew_every
        with self._lock:
            self._leases[lease] = due
            self._flights[lease] = flight
        if due < self._wakes_at:
            self._wake.set()

    def discard(self, lease: Lease) -> None:
        """Leave a lease alone."""
        with self._lock:
            self._leases.pop(lease, None)
            self._flights.pop(lease, None)

    def after_fork(self) -> None:
        """In a child process, which inherits no threads: go on there, without the parent's leases."""
        running = self._thread is not None
        self._begin_anew()
        if running:
            self.start()

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._leases: dict[Lease, float] = {}  # when each is due
        self._flights: dict[Lease, Flight] = {}
        self._wakes_at = 0.0
        self._thread = None

    def _orphaned(self, _hub: weakref.ref[CacheHub]) -> None:
        # The thread sees it when it wakes up. This may run inside of anything, so it must not wait for a lock.
        self._stopped = True

    def _run(self) -> None:
        flush_at = time.monotonic() + FLUSH_SECONDS
        while True:
            with self._lock:
                self._wakes_at = min([flush_at, *self._leases.values()])
            self._wake.wait(max(0, self._wakes_at - time.monotonic()))
            self._wake.clear()
            if self._stopped:
                return
            self._renew()
            if time.monotonic() >= flush_at:
                self._flush()
                flush_at = time.monotonic() + FLUSH_SECONDS

    def _renew(self) -> None:
        now = time.monotonic()
        with self._lock:
            due = [lease for lease, at in self._leases.items() if at <= now]
        for lease in due:
            if not self._is_renewed(lease):
                self.discard(lease)

    def _is_renewed(self, lease: Lease) -> bool:
        with self._lock:
            flight = self._flights.get(lease)
        if flight is None:  # it has just been discarded
            return False
        wait = lease.renew_every
        try:
            if flight.is_abandoned():
                self._end_abandoned(lease, flight)
                return False
            if not lease.renew():
                return False
        except StoreError:  # until the lease runs out there is time to try again
            wait /= 10
        with self._lock:
            if lease in self._leases:
                self._leases[lease] = time.monotonic() + wait
        return True

    def _end_abandoned(self, lease: Lease, flight: Flight) -> None:
        hub = self._hub()
        if hub is not None:
            lease.release()
            hub.flights.end(flight, None)

    def _flush(self) -> None:
        hub = self._hub()
        if hub is not None:
            hub.flush()
