#!/bin/sh
# Prints all that a relay is told: turnserver.conf, then what .env says of this machine. Without a
# certificate in /etc/coturn/certs it speaks no TLS; what it relays is ciphertext all the same.
set -eu
cat "$(dirname "$0")/turnserver.conf"
printf '\n# This machine\n'
printf 'static-auth-secret=%s\n' "${TURN_SECRET:?is not set}"
printf 'realm=%s\n' "${DOMAIN:?is not set}"
printf 'listening-ip=%s\n' "${RELAY_IP:?is not set}"
printf 'relay-ip=%s\n' "$RELAY_IP"
[ -z "${RELAY_PUBLIC_IP:-}" ] || printf 'external-ip=%s/%s\n' "$RELAY_PUBLIC_IP" "$RELAY_IP"
[ -e /etc/coturn/certs/fullchain.pem ] || printf 'no-tls\n'
