# Every target prepares what it needs and is missing; see tools/setup.py.
PYTHON ?= python3
SETUP = $(PYTHON) tools/setup.py
# Passed on: make test ARGS="-k money -x"
ARGS ?=

.PHONY: run test lint bench docs lock clean

run:
	@exec $(SETUP) run $(ARGS)

test:
	@exec $(SETUP) test $(ARGS)

lint:
	@exec $(SETUP) lint $(ARGS)

bench:
	@exec $(SETUP) bench $(ARGS)

docs:
	@exec $(SETUP) docs $(ARGS)

# Brings the locks up to setup.cfg; ARGS=--upgrade takes the newest versions.
lock:
	@exec $(SETUP) lock $(ARGS)

# Removes what was built, never what was entered (var).
clean:
	rm -rf .venv node_modules core/web/static/dist build dist *.egg-info
