#!/bin/sh
# Builds an image in a container of docker's or podman's, and pushes it:
#
#   run.sh CONTEXT DESTINATION [FLAG...]
#
# FLAG is any flag of the executor. Of the environment it takes:
#
#   HEARTH_IMAGE     the executor's image
#   HEARTH_CACHE     a directory to keep layers and base images in
#   CONTAINER_TOOL   docker or podman; the first of them that is there, unless given
#   CONTAINER_FLAGS  further flags of "docker run", divided by spaces
set -eu

image=${HEARTH_IMAGE:-registry.example/hearth/executor:0.1.0}

usage() {
  echo "usage: $0 CONTEXT DESTINATION [FLAG...]" >&2
  exit 2
}

[ $# -ge 2 ] || usage
[ -d "$1" ] || { echo "$0: no such directory: $1" >&2; usage; }
context=$(cd -- "$1" && pwd)
destination=$2
shift 2

tool=${CONTAINER_TOOL:-}
for candidate in docker podman; do
  [ -n "$tool" ] || ! command -v "$candidate" > /dev/null || tool=$candidate
done
[ -n "$tool" ] || { echo "$0: neither docker nor podman is there" >&2; exit 1; }

# From here on "$@" is the whole command line, put together from its end.
set -- "$image" --context dir:///workspace --destination "$destination" "$@"

if [ -n "${HEARTH_CACHE:-}" ]; then
  mkdir -p -- "$HEARTH_CACHE"
  cache=$(cd -- "$HEARTH_CACHE" && pwd)
  set -- --volume "$cache:/cache" "$@" --cache --cache-dir /cache
fi

for login in "${DOCKER_CONFIG:-${HOME:-/root}/.docker}/config.json" "${XDG_RUNTIME_DIR:-/run}/containers/auth.json"; do
  if [ -f "$login" ]; then
    set -- --volume "$login:/kaniko/.docker/config.json:ro" "$@"
    break
  fi
done

for capability in CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETFCAP SETGID SETUID; do
  set -- --cap-add "$capability" "$@"
done

# shellcheck disable=SC2086
exec "$tool" run --rm ${CONTAINER_FLAGS:-} --cap-drop ALL --security-opt no-new-privileges \
  --volume "$context:/workspace:ro" "$@"
