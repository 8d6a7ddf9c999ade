"""Processes that work on the same files, each with subjects of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from signal import SIG_IGN, SIGINT, signal
from time import perf_counter, sleep
from types import TracebackType
from typing import Any, Self, TypeAlias

from tests.benchmarks.rounds import Place
from tests.benchmarks.subjects import Call, Subject, operation
from tests.benchmarks.values import key_of, order
from tests.benchmarks.works import mixing, over

OTHERS = "others"  # the group that writers write whom nobody times
PACE = 0.001  # seconds between their writes, so that they leave the reader a processor

Write: TypeAlias = tuple[float, float]
"""When a write began, and the seconds it took."""


def _calls(task: str, place: Place) -> Iterator[Call]:
    match task:
        case "get":
            return cycle(over("get", 1000)(place, 1000))
        case "set":
            return cycle(over("set", 1000, value=order)(place, 1000))
        case "increment":
            return cycle(over("increment", 1)(place, 1))
        case _:
            return mixing(place)


def _write(place: Place, stop: Event) -> list[Write]:
    writes = []
    keys = cycle([key_of(number) for number in range(1000)])
    parent = multiprocessing.parent_process()
    while not stop.is_set() and parent is not None and parent.is_alive():
        before = perf_counter()
        place.subject.result((operation(place.subject, "set"), (OTHERS, next(keys), order(0))))
        writes.append((before, perf_counter() - before))
        sleep(PACE)
    return writes


def _serve(pipe: Connection, stop: Event, number: int) -> None:
    """A worker's life: orders come through the pipe, each is made ready, begun on a word, and answered with times."""
    signal(SIGINT, SIG_IGN)  # the parent ends its workers
    opened: dict[Path, Place] = {}
    while received := pipe.recv():
        if received == "leave":
            _close(opened)
            pipe.send("left")
            continue
        kind, path, size, task, seconds = received
        if path not in opened:
            opened[path] = Place(kind, path, size, first=number)
        place = opened[path]
        calls = iter(()) if task == "write" else _calls(task, place)
        pipe.send("ready")
        pipe.recv()
        pipe.send(_write(place, stop) if task == "write" else place.subject.run_until(perf_counter() + seconds, calls))
    _close(opened)


def _close(opened: dict[Path, Place]) -> None:
    for place in opened.values():
        place.close()
    opened.clear()


class Team:
    """Worker processes, ended with the block."""

    def __init__(self, size: int) -> None:
        # Spawned, not forked: what the parent has open is none of their business.
        context = multiprocessing.get_context("spawn")
        self._stop = context.Event()
        self._pipes: list[Connection] = []
        self._processes = []
        for number in range(size):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, self._stop, number), daemon=True)
            process.start()
            theirs.close()  # so that the end of a worker is the end of its pipe
            self._pipes.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            if kind is None:
                pipe.send(None)
            else:
                process.terminate()
        for process in self._processes:
            process.join()

    def together(self, kind: type[Subject], path: Path, size: int, task: str, seconds: float) -> list[list[float]]:
        """All workers do a task at once for so many seconds; the seconds of each call, by worker."""
        self._begin(self._pipes, (kind, path, size, task, seconds))
        return [pipe.recv() for pipe in self._pipes]

    def leave(self) -> None:
        """Workers close what they opened: its files are about to go."""
        for pipe in self._pipes:
            pipe.send("leave")
        for pipe in self._pipes:
            pipe.recv()

    @contextmanager
    def writers(self, number: int, kind: type[Subject], path: Path) -> Iterator[list[Write]]:
        """So many workers write other keys during the block; afterwards the list given tells of their writes."""
        pipes = self._pipes[:number]
        writes: list[Write] = []
        self._begin(pipes, (kind, path, 0, "write", 0.0))
        sleep(0.02)
        try:
            yield writes
        finally:
            self._stop.set()
            for pipe in pipes:
                writes += pipe.recv()
            self._stop.clear()

    def _begin(self, pipes: list[Connection], ordered: tuple[Any, ...]) -> None:
        for pipe in pipes:
            pipe.send(ordered)
        for pipe in pipes:
            pipe.recv()
        for pipe in pipes:
            pipe.send("go")
