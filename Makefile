# 网格学堂 Grid Academy. `make help` lists everything.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python
export LMS_PORT := $(or $(PORT),$(LMS_PORT))
export LMS_HOST := $(or $(HOST),$(LMS_HOST))
ifeq ($(LMS_PORT),)
unexport LMS_PORT
endif
ifeq ($(LMS_HOST),)
unexport LMS_HOST
endif

## Use
.PHONY: run
run: ## set up what is missing and serve on http://127.0.0.1:8000 (PORT=, HOST=, LMS_DATABASE_URL=, LMS_DEMO=0)
	@scripts/setup.sh run
	@exec .venv/bin/lms serve

## Check
.PHONY: test test-full check bench setup-test
setup-test:
	@scripts/setup.sh test

test: setup-test check ## everything that must pass before work lands: checks, rules, both databases, a browser
	@$(PY) -m pytest -q -n 2 --dist loadgroup --no-loadscope-reorder -m "not full"

test-full: setup-test check ## test, and the long ones: accessibility matrix, state machines, faults, killed migrations
	@$(PY) -m pytest -q -n 2 --dist loadgroup --no-loadscope-reorder

check: setup-test ## lint, format, types, import contract, content (seconds)
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check -q .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo 2>&1 | tail -n 3
	@.venv/bin/lms content check

bench: setup-test ## measure speed and memory on a scratch instance, with the aims beside each figure (about 4 minutes)
	@$(PY) -m scripts.bench

## Work on it
.PHONY: format migration translations lock help
format: setup-test ## bring the code into shape
	@.venv/bin/ruff check --fix -q . || true
	@.venv/bin/ruff format -q .

migration: setup-test ## write a migration from the models: make migration m="what it does"
	@test -n "$(m)" || { echo 'make migration m="what it does"'; exit 2; }
	@folder=$$(mktemp -d) && LMS_INSTANCE=$$folder .venv/bin/lms db upgrade && LMS_INSTANCE=$$folder .venv/bin/lms db revision "$(m)"; rm -rf $$folder

translations: setup-test ## collect the texts into the English catalogue; fill in the empty msgstr lines afterwards
	@.venv/bin/pybabel -q extract -F lms/translations/babel.cfg --no-location --sort-output --omit-header -k _l -k _ --ignore-dirs='.*' -o /tmp/lms-messages.pot lms
	@.venv/bin/pybabel -q update -i /tmp/lms-messages.pot -d lms/translations -l en --omit-header --no-wrap --ignore-obsolete --no-fuzzy-matching
	@.venv/bin/pybabel -q compile -f -d lms/translations --statistics

lock: ## compile the lock files anew (needs uv)
	@uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --only-binary :all: requirements.in -o requirements.lock
	@uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --only-binary :all: -c requirements.lock requirements-dev.in -o requirements-dev.lock

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^## / {printf "\n%s\n", substr($$0, 4)} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
