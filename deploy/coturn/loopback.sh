#!/bin/sh
# A relay for browsers on this machine, with the operator's configuration. `make turn` has it until
# Ctrl-C and prints what to export; `make run` gives a command, which is told of the relay, and ends
# it: its port, its secret and its process are of that one run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
var=$here/../../var

free_port() {
	"${PYTHON:-python3}" -c '
import socket
with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
    udp.bind(tcp.getsockname())
    print(tcp.getsockname()[1])'
}

if [ $# -gt 0 ] && [ -n "${TURN_URLS:-}${TURN_SECRET:-}" ]; then
	echo "Relay: the one that TURN_URLS names."
	exec "$@"
fi
command -v turnserver >/dev/null || {
	missing="coturn, which is not installed (on Debian: apt install coturn)"
	if [ $# -gt 0 ]; then
		echo "Relay: none. It would be $missing. Who talks is seen by their address, and is asked before."
		exec "$@"
	fi
	echo "The relay is $missing." >&2
	exit 1
}
if [ $# -gt 0 ]; then port=${TURN_PORT:-$(free_port)}; else port=${TURN_PORT:-3478}; fi
secret=${TURN_SECRET:-$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')}
networks=${VOICE_NETWORKS:+$VOICE_NETWORKS,}127.0.0.1/32

mkdir -p "$var"
var=$(cd "$var" && pwd)
configuration=$var/turnserver-$port.conf
(
	umask 077
	{
		cat "$here/turnserver.conf" "$here/loopback.conf"
		echo "listening-port=$port"
		echo "static-auth-secret=$secret"
		echo "pidfile=${configuration%.conf}.pid"
		# Only root can become the relay's own user.
		[ "$(id -u)" = 0 ] || printf 'proc-user=%s\nproc-group=%s\n' "$(id -un)" "$(id -gn)"
	} >"$configuration"
)

if [ $# -eq 0 ]; then
	cat <<END
A relay on port $port for browsers on this machine; Ctrl-C ends it. Before make run, in its shell:

export TURN_URLS='turn:127.0.0.1:$port?transport=udp'
export TURN_SECRET='$secret'
export VOICE_NETWORKS=$networks

END
	exec turnserver -c "$configuration"
fi

echo "Relay: coturn on 127.0.0.1:$port, for browsers on this machine. It ends with this run."
# The command takes the place of this shell, so that signals and its end are its own; whatever ends
# it, the relay is over a second later.
command=$$
(
	turnserver -c "$configuration" &
	relay=$!
	trap 'kill "$relay" || :; rm -f "$configuration" "${configuration%.conf}.pid"' EXIT
	trap 'exit 0' HUP TERM
	while kill -0 "$command" && kill -0 "$relay"; do
		sleep 1
	done
) >/dev/null 2>&1 &
export TURN_URLS="turn:127.0.0.1:$port?transport=udp" TURN_SECRET="$secret" VOICE_NETWORKS="$networks"
exec "$@"
