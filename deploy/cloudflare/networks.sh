#!/bin/sh
# Writes Cloudflare's networks, as they stand on its input, for nginx and HAProxy into a folder:
#   (curl -fsS https://www.cloudflare.com/ips-v4; echo; curl -fsS https://www.cloudflare.com/ips-v6) |
#       sh networks.sh /etc/nginx/neartalk
# Whatever is no list of networks changes nothing.
set -eu
folder=$1
networks=$(grep -v '^[[:space:]]*$')
if [ -z "$networks" ] || printf '%s\n' "$networks" | grep -qvE '^[0-9a-f.:]+/[0-9]+$'; then
    echo "This is no list of networks, one a line; nothing was written." >&2
    exit 1
fi
printf '%s\n' "$networks" > "$folder/cloudflare.lst"
printf '%s\n' "$networks" | sed 's/.*/& 1;/' > "$folder/cloudflare-geo.conf"
printf '%s\n' "$networks" | sed 's/.*/set_real_ip_from &;/' > "$folder/cloudflare-real-ip.conf"
