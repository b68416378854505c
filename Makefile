# `make run` serves the embedded form, `make test` runs every check and test; both set up what
# they need on a machine with Python 3.11 or newer.

PORT ?= 8080
PYTHON := .venv/bin/python
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check
# Checks and tests choose their own servers, whatever the shell has set.
PLAIN := env -u DATABASE_URL -u REDIS_URL -u DEBUG -u SECRET_KEY -u STUN_URLS -u TURN_URLS \
	-u TURN_SECRET -u VOICE_NETWORKS -u LAYER_REDIS_URL -u METRICS_TOKEN -u LOG_FORMAT -u DEPLOYMENT \
	-u VAPID_PRIVATE_KEY -u VAPID_SUBJECT -u PUSH_HOSTS \
	-u SITE_URL -u OPERATOR_NAME -u OPERATOR_CONTACT -u MINIMUM_AGE -u TERMS_FILE -u EMAIL_URL -u EMAIL_FROM -u ALERT_EMAIL

.PHONY: run simulate turn test languages room bench check format clean venv run-setup dev-setup

# With a relay of its own where coturn is installed and none is set.
run:
	@echo "NearTalk: http://localhost:$(PORT)"
	@$(MAKE) --no-print-directory run-setup
	@$(PYTHON) manage.py migrate --verbosity 0
	@exec env PYTHON=$(PYTHON) sh deploy/coturn/loopback.sh $(PYTHON) manage.py serve --port $(PORT)

# People who are not there, beside `make run`; without AT it says how to find yours. ONE_ADDRESS=1
# brings them through one address, beside `TRUSTED_PROXIES=1 make run`.
PEOPLE ?= 200
simulate: run-setup
	@exec $(PYTHON) manage.py simulate --people $(PEOPLE) --url http://localhost:$(PORT) \
		$(if $(AT),--at $(AT)) $(if $(ONE_ADDRESS),--one-address)

# The same relay by itself, for several servers or runs; TURN_PORT moves it.
turn:
	@exec sh deploy/coturn/loopback.sh

# As many workers as tests/conftest.py says: one more than cores. Sound that is late is not heard:
# whoever listens to it comes last, beside nobody.
test: check
	@$(PYTHON) tests/support/chromium.py
	@$(PYTHON) tests/support/other_browsers.py
	@$(PYTHON) tests/support/coturn.py
	@$(PYTHON) tests/support/prometheus.py
	@$(PYTHON) tests/support/proxy_packages.py
	@$(PLAIN) $(PYTHON) -m pytest -n logical --maxprocesses 4 --dist worksteal -rs -m "not alone"
	@$(PLAIN) $(PYTHON) -m pytest -rs -m alone tests/browser

# Every page and state in each language, where the suite walks through four: about five minutes.
languages: dev-setup
	@$(PLAIN) $(PYTHON) -m pytest tests/browser/languages_fit.py

# Eight people in voice and a ninth, each a page of Chromium: under a minute, beside nothing else.
room: dev-setup
	@$(PLAIN) $(PYTHON) -m pytest tests/browser/room_of_eight.py

# An hour and twenty minutes on a machine that does nothing else; writes bench/RESULTS.md and VOICE.md. It
# installs the peers it can, builds in bench/build/ and names what is missing.
bench: dev-setup
	@$(PLAIN) $(PYTHON) bench/compare.py

check: dev-setup
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PLAIN) $(PYTHON) -m mypy
	@$(PLAIN) $(PYTHON) manage.py check --fail-level WARNING
	@$(PLAIN) $(PYTHON) manage.py makemigrations --check --dry-run
	@$(PYTHON) -m djlint templates --lint --quiet

format: dev-setup
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .hypothesis staticfiles
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp holds the requirements that are installed: a checkout touches times, not content.
run-setup: venv
	@cmp -s requirements.txt .venv/.run-stamp || { \
		$(PIP) -r requirements.txt && cp requirements.txt .venv/.run-stamp; }

dev-setup: run-setup
	@cat requirements.txt requirements-dev.txt | cmp -s - .venv/.dev-stamp || { \
		$(PIP) -r requirements-dev.txt && cat requirements.txt requirements-dev.txt > .venv/.dev-stamp; }

# A Python counts if it is new enough and can make an environment: Debian's can't by itself.
venv:
	@$(PYTHON) -c '' 2>/dev/null || { \
		find_python() { \
			for python in python3 python3.13 python3.12 python3.11; do \
				$$python -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
					&& echo $$python && return; \
			done; \
		}; \
		python=$$(find_python); \
		if [ -z "$$python" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq >/dev/null && apt-get install -y -qq python3-venv >/dev/null; \
			python=$$(find_python); \
		fi; \
		[ -n "$$python" ] || { \
			echo "NearTalk needs Python 3.11 or newer with venv (on Debian: apt install python3-venv)." >&2; \
			exit 1; }; \
		$$python -m venv --clear .venv; }
