#!/bin/sh
# deploy/install.sh DOMAIN [EMAIL], as root on Debian 12, in a checkout: NearTalk on this machine,
# behind Caddy. Once more: installs what is checked out now, and restarts one process after another.
# docs/install.md says what stands where.
set -eu
umask 022
checkout=$(cd "$(dirname "$0")/.." && pwd)
settings=/etc/neartalk.env
home=/opt/neartalk
release=$home/releases/$(date -u +%Y%m%d-%H%M%S)
cd /

stop() {
    echo "$*" >&2
    exit 1
}

# Says how long a function took.
step() {
    began=$(date +%s)
    "$1"
    printf '%4d s  %s\n' $(($(date +%s) - began)) "$1"
}

setting() { sed -n "s/^$1=//p" "$settings"; }

# put MODE OWNER FILE: standard input becomes the file; 1 if it was so already.
put() {
    (umask 077 && cat >"$3.new")
    if cmp -s "$3.new" "$3"; then
        rm "$3.new"
        return 1
    fi
    chown "$2" "$3.new"
    chmod "$1" "$3.new"
    mv "$3.new" "$3"
}

manage() { NEARTALK=$release sh "$checkout/deploy/neartalk.sh" "$@"; }

# ---- Steps ---------------------------------------------------------------------------------------

packages() {
    had_redis=$(command -v redis-server || true)
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        caddy coturn git postgresql python3-venv redis-server >/dev/null
    # The package starts a Redis that writes to a disk; ours is another one.
    [ -n "$had_redis" ] || systemctl disable --quiet --now redis-server 2>/dev/null
}

secrets() {
    id neartalk >/dev/null 2>&1 ||
        useradd --system --user-group --no-create-home --shell /usr/sbin/nologin neartalk
    [ ! -e "$settings" ] || return 0
    rm -f "$settings.new"
    sh "$checkout/deploy/env.sh" "$domain" "$email" "$settings.new" | sed "s/env\.new/env/"
    sed -i '/POSTGRES_PASSWORD\|With compose alone/d' "$settings.new"
    cat >>"$settings.new" <<END

# By their sockets, which ask who comes: no password.
DATABASE_URL=postgresql://neartalk@/neartalk?host=/run/postgresql
REDIS_URL=unix:///run/redis-neartalk/redis.sock?db=0
END
    chown root:neartalk "$settings.new"
    chmod 640 "$settings.new"
    mv "$settings.new" "$settings"
}

code() {
    mkdir -p "$release"
    git -c safe.directory="$checkout" -C "$checkout" archive --output "$release.tar" HEAD
    tar -xf "$release.tar" -C "$release"
    rm "$release.tar"
    python3 -m venv "$release/venv"
    "$release/venv/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir \
        --only-binary :all: --requirement "$release/requirements.txt"
    "$release/venv/bin/python" -m compileall -q "$release/neartalk" "$release/presence" \
        "$release/chat" "$release/voice"
}

redis() {
    # Never restarted here: that would end every conversation.
    put 640 redis:redis /etc/redis/redis-neartalk.conf <"$checkout/deploy/redis/neartalk.conf" &&
        systemctl is-active --quiet redis-server@neartalk &&
        echo "Redis has new settings. Restart redis-server@neartalk when few people are there."
    systemctl enable --quiet --now redis-server@neartalk
}

database() {
    sql() { runuser -u postgres -- psql -qtAc "$1"; }
    [ -n "$(sql "SELECT 1 FROM pg_roles WHERE rolname = 'neartalk'")" ] ||
        runuser -u postgres -- createuser neartalk
    [ -n "$(sql "SELECT 1 FROM pg_database WHERE datname = 'neartalk'")" ] ||
        runuser -u postgres -- createdb --owner neartalk --template template0 \
            --encoding UTF8 --locale C.UTF-8 neartalk
    manage migrate --verbosity 0
}

pages() {
    install -d -o neartalk "$release/staticfiles"
    manage collectstatic --no-input --verbosity 0
    chown -R root:root "$release/staticfiles"
}

checks() { manage check --deploy --fail-level WARNING >/dev/null; }

relay() {
    unit=/etc/systemd/system/coturn.service.d
    new=
    mkdir -p "$unit"
    put 644 root:root "$unit/neartalk.conf" <"$checkout/deploy/coturn/neartalk.service.conf" && new=1
    # shellcheck disable=SC1090
    told=$(set -a && . "$settings" && sh "$checkout/deploy/coturn/configure.sh")
    printf '%s\n' "$told" | put 640 root:turnserver /etc/turnserver.conf && new=1
    systemctl daemon-reload
    systemctl enable --quiet coturn
    # Else the calls that go through it would end for nothing.
    [ -z "$new" ] || systemctl restart coturn
}

# So many processes, from port 8081 on.
ports() { seq 8081 $((8080 + $(setting PROCESSES))); }

serve_from() {
    ln -sfn "$1" "$home/current.new"
    mv -T "$home/current.new" "$home/current"
}

processes() {
    before=$(readlink "$home/current" || true)
    serve_from "$release"
    put 755 root:root /usr/local/bin/neartalk <"$checkout/deploy/neartalk.sh" || true
    put 644 root:root /etc/systemd/system/neartalk@.service \
        <"$checkout/deploy/systemd/neartalk@.service" || true
    systemctl daemon-reload
    for port in $(ports); do
        systemctl enable --quiet "neartalk@$port"
        systemctl restart "neartalk@$port" || back "$port"
    done
}

# The first process did not come up: it serves again what it served before.
back() {
    [ -n "$before" ] || stop "It does not start: journalctl -u neartalk@$1"
    serve_from "$before"
    systemctl restart "neartalk@$1"
    stop "It did not start, and $before goes on: journalctl -u neartalk@$1"
}

proxy() {
    unit=/etc/systemd/system/caddy.service.d
    mkdir -p "$unit"
    apps=$(ports | sed 's/^/127.0.0.1:/' | paste -sd ' ')
    [ -e /etc/caddy/Caddyfile.before ] || cp /etc/caddy/Caddyfile /etc/caddy/Caddyfile.before
    new=
    put 644 root:root /etc/caddy/Caddyfile <"$checkout/deploy/caddy/Caddyfile" && new=1
    printf '[Service]\nEnvironment="DOMAIN=%s" "APPS=%s"\n' "$domain" "$apps" |
        put 644 root:root "$unit/neartalk.conf" && new=1
    systemctl daemon-reload
    systemctl enable --quiet caddy
    [ -z "$new" ] || systemctl restart caddy
}

# This release and the one before it stay.
old_releases() {
    find "$home/releases" -mindepth 1 -maxdepth 1 -type d | sort | head -n -2 | xargs -r rm -rf
}

# ---- All of them ---------------------------------------------------------------------------------

[ "$(id -u)" = 0 ] || stop "This installs packages and services: run it as root."
[ -d /run/systemd/system ] || stop "Without systemd: docs/install.md says what each step does."
if [ -e "$settings" ]; then
    domain=$(setting DOMAIN)
    [ "${1:-$domain}" = "$domain" ] || stop "This machine serves $domain, as $settings says."
else
    domain=${1:?"deploy/install.sh DOMAIN [EMAIL], as in deploy/install.sh example.org"}
fi
email=${2:-}

step packages
step secrets
step code
step pages
step redis
step database
step checks
step relay
step processes
step proxy
step old_releases

cat <<END

https://$domain/ is served. Caddy asks for its certificate now: $domain must lead here, and the
firewall must let in TCP 80, 443 and 3478, and UDP 443, 3478 and 49152 to 65535.
The first operator of https://$domain/admin/:  neartalk createsuperuser
END
