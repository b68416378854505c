#!/bin/sh
# deploy/try.sh, as root on Debian: a clean Debian 12 in an empty folder, with a systemd, a network
# and ports of its own; in it a clean clone, deploy/install.sh twice, and a visit over TLS after each.
# Says how long each took, and leaves nothing. (apt install debootstrap slirp4netns systemd-container)
set -eu
checkout=$(cd "$(dirname "$0")/.." && pwd)
# Where this machine has its packages from.
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | head -1)}
authority=/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt
services="caddy coturn neartalk@8081 neartalk@8082 postgresql redis-server@neartalk"

for tool in debootstrap git slirp4netns systemd-nspawn; do
    command -v $tool >/dev/null || {
        echo "$tool is missing: apt install debootstrap git slirp4netns systemd-container" >&2
        exit 1
    }
done
folder=$(mktemp -d /var/tmp/neartalk-try.XXXXXX)
machine=$folder/machine

inside() { nsenter --target "$leader" --all -- "$@"; }

step() {
    name=$1
    shift
    began=$(date +%s)
    "$@"
    printf '%4d s  %s\n' $(($(date +%s) - began)) "$name"
}

clean_up() {
    [ -z "${leader:-}" ] || inside systemctl poweroff || true
    [ -z "${nspawn:-}" ] || wait "$nspawn" || true
    [ -z "${network:-}" ] || kill "$network" 2>/dev/null || true
    rm -rf "$folder"
}

debian() {
    debootstrap --variant=minbase --include=ca-certificates,dbus,git,systemd,systemd-sysv \
        bookworm "$machine" "$mirror" >"$folder/debootstrap.log"
    # A pip that trusts an authority of its own does so there too.
    [ -z "${PIP_CERT:-}" ] || install -D -m 644 "$PIP_CERT" "$machine$PIP_CERT"
}

boot() {
    # Its own network, process ids and services; nothing of this machine but the kernel.
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --boot --directory "$machine" \
        --private-network --register=no --keep-unit --link-journal=no --resolv-conf=off \
        --console=pipe </dev/null >"$folder/boot.log" 2>&1 &
    nspawn=$!
    until leader=$(pgrep --parent "$nspawn") && inside systemctl is-system-running --wait; do
        kill -0 "$nspawn" || { cat "$folder/boot.log"; exit 1; }
        sleep 0.2
    done >/dev/null 2>&1
    slirp4netns --configure --mtu 65520 --disable-host-loopback "$leader" tap0 \
        >"$folder/network.log" 2>&1 &
    network=$!
    echo "nameserver 10.0.2.3" >"$machine/etc/resolv.conf"
}

clone() { git clone --quiet "$checkout" "$machine/root/neartalk"; }

# With what the shell says of pip, and nothing else of it.
set_up() {
    pip=$(env | grep -E '^PIP_(CERT|INDEX_URL|TRUSTED_HOST)=' || true)
    # shellcheck disable=SC2086
    inside env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin $pip /root/neartalk/deploy/install.sh "$@"
}

# Caddy makes its certificate within seconds of its start.
visit() {
    for try in 1 2 3 4 5 6 7 8 9 10; do
        if inside /opt/neartalk/current/venv/bin/python /root/neartalk/deploy/visit.py \
            https://localhost --ca $authority 2>"$folder/visit.log"; then
            return 0
        fi
        sleep "$try"
    done
    cat "$folder/visit.log" >&2
    exit 1
}

whole() {
    set_up "$@"
    visit
}

trap clean_up EXIT
trap 'exit 1' INT TERM
step "a clean Debian 12" debian
step "it boots" boot
step "a clean clone" clone
step "FROM THE CLONE TO A PAGE OVER TLS" whole localhost
before=$(inside sha256sum /etc/neartalk.env)
step "THE SAME AGAIN, AS AN UPGRADE" whole
[ "$before" = "$(inside sha256sum /etc/neartalk.env)" ] || { echo "The secrets changed."; exit 1; }
# shellcheck disable=SC2086
inside systemctl is-active $services
inside systemd-analyze verify /etc/systemd/system/neartalk@.service
inside systemd-analyze security neartalk@8081 | tail -1
inside neartalk check --deploy
