#!/bin/sh
# "serve http" answers on $PORT; "serve NAME" prints one page.
set -eu
if [ "${1:-http}" = http ]; then
  exec httpd -f -p "${PORT}" -h /srv/site
fi
exec cat "/srv/site/$1.html"
