#!/bin/sh
# /usr/local/bin/neartalk: manage.py with the settings and the user of the server, as in
# `neartalk check --deploy`. NEARTALK names another folder than the one that serves.
set -eu
folder=${NEARTALK:-/opt/neartalk/current}
how=--pipe
[ ! -t 0 ] || [ ! -t 1 ] || how=--pty
exec systemd-run --quiet --collect --wait "$how" \
    --property=User=neartalk --property=SupplementaryGroups=redis \
    --property=EnvironmentFile=/etc/neartalk.env --property=WorkingDirectory="$folder" \
    --property=NoNewPrivileges=yes --property=PrivateTmp=yes \
    "$folder/venv/bin/python" manage.py "$@"
