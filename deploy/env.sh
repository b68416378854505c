#!/bin/sh
# deploy/env.sh DOMAIN [EMAIL [FILE]]: makes .env of .env.example, with fresh secrets that nobody is
# shown. A file that is there stays as it is.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
domain=${1:-} email=${2:-} file=${3:-$here/../.env}

case $domain in
    '' | -* | *[!a-z0-9.-]*)
        echo "Usage: deploy/env.sh DOMAIN [EMAIL [FILE]], as in deploy/env.sh example.org" >&2
        exit 2 ;;
esac
case $email in
    *[!A-Za-z0-9.@_+-]*)
        echo "Not an e-mail address: $email" >&2
        exit 2 ;;
esac

fresh() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

own_address() { hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 -F . || true; }

filled_in() {
    address=$(own_address)
    while IFS= read -r line; do
        case $line in
            *_KEY= | *_SECRET= | *_PASSWORD= | *_TOKEN=) line=$line$(fresh) ;;
            OBJECTIONS=) line=$line$email ;;
            RELAY_IP=*) line=RELAY_IP=$address ;;
            '#'*) ;;
            *) line=$(printf '%s\n' "$line" | sed "s/example\.org/$domain/g") ;;
        esac
        printf '%s\n' "$line"
    done
}

umask 077
set -C # a file that appeared meanwhile is not overwritten either
filled_in <"$here/../.env.example" >"$file"
echo "$file is made, for you alone to read."

case $(own_address) in
    '') echo "This machine has no IPv4 address yet: write it there as RELAY_IP." ;;
    10.* | 192.168.* | 172.1[6-9].* | 172.2?.* | 172.3[01].* | 100.*)
        echo "This machine stands behind a NAT: write its public address there as RELAY_PUBLIC_IP." ;;
esac
