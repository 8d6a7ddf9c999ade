# `make run` and `make test` work on a fresh machine: they make .venv and install what they need into it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test check pytest chromium nginx bench screenshots lock vendor clean

run: $(VENV)/run.stamp
	$(BIN)/stepstate demo

test: check pytest

check: $(VENV)/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# Much of both is waiting, so several run at once; the store's are not disturbed by browsers.
pytest: $(VENV)/dev.stamp chromium nginx
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --ignore tests/dashboard --ignore tests/browser
	$(BIN)/python -m pytest --numprocesses 4 --dist loadfile tests/dashboard tests/browser

# The browser tests drive Debian's Chromium.
chromium:
	@command -v chromium >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing chromium"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qqy chromium >/dev/null; \
	  else \
	    echo "The browser tests need Chromium. Install it: sudo apt-get install chromium" >&2; exit 1; \
	  fi; }

# The tests of serving behind a proxy run Debian's nginx.
nginx:
	@PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing nginx"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qqy nginx-light >/dev/null; \
	  else \
	    echo "The tests need nginx. Install it: sudo apt-get install nginx-light" >&2; exit 1; \
	  fi; }

# Runs where nothing but Python with venv is there. The project itself is installed editable.
$(VENV)/run.stamp: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	touch $@

$(VENV)/bench.stamp: $(VENV)/run.stamp requirements-bench.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-bench.lock
	touch $@

# The store and the dashboard beside their peers, as tables and in build/bench.json. BENCH takes options: make bench BENCH="--quick --only get"
bench: $(VENV)/bench.stamp
	$(BIN)/python -m tests.benchmarks $(BENCH)

# Takes pictures of all pages, in build/screenshots, and of those the README shows, in docs/.
screenshots: $(VENV)/dev.stamp chromium
	$(BIN)/python -m tests.browser.screenshots

# Writes the lock files anew from pyproject.toml.
lock:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --no-emit-index-url --no-annotate \
	  --python-version 3.11 pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --no-emit-index-url --no-annotate \
	  --python-version 3.11 pyproject.toml --group dev -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --no-emit-index-url --no-annotate \
	  --python-version 3.11 pyproject.toml --group bench -o requirements-bench.lock

# Bundles CodeMirror anew, of what static/vendor/codemirror/package.json pins. Needs npm.
vendor:
	cd static/vendor/codemirror && npm install --no-package-lock --no-audit --no-fund --silent && npm run --silent build
	rm -rf static/vendor/codemirror/node_modules

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache
