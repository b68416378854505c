#!/bin/sh
# `make turn`: a relay for browsers on this machine, with the operator's configuration.
set -eu
cd "$(dirname "$0")"
port=${TURN_PORT:-3478}
command -v turnserver >/dev/null || {
	echo "The relay is coturn, which is not installed (on Debian: apt install coturn)." >&2
	exit 1
}
secret=${TURN_SECRET:-$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')}

umask 077
mkdir -p ../../var
configuration=$(cd ../../var && pwd)/turnserver.conf
{
	cat turnserver.conf loopback.conf
	echo "listening-port=$port"
	echo "static-auth-secret=$secret"
	echo "pidfile=${configuration%.conf}.pid"
	# Only root can become the relay's own user.
	[ "$(id -u)" = 0 ] || printf 'proc-user=%s\nproc-group=%s\n' "$(id -un)" "$(id -gn)"
} >"$configuration"

cat <<END
A relay on port $port for browsers on this machine; Ctrl-C ends it. Before make run, in its shell:

export TURN_URLS='turn:127.0.0.1:$port?transport=udp'
export TURN_SECRET='$secret'
export VOICE_NETWORKS=127.0.0.1/32

END
exec turnserver -c "$configuration"
