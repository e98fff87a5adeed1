#!/usr/bin/env bash
# Starts Debian's docker-registry on loopback with basic authentication, as ECR has it, and runs what
# needs a real registry and a real builder. Installs both if they are missing and this is Debian.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing=()
for program in docker-registry buildah htpasswd; do
    command -v "$program" >/dev/null || missing+=("${program/htpasswd/apache2-utils}")
done
if [ "${#missing[@]}" -gt 0 ]; then
    # The package also starts a service of its own, which is of no use here.
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
fi

at=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
htpasswd -Bbn AWS let-me-in >"$at/htpasswd"
cat >"$at/config.yml" <<CONFIG
version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: $at/data } }
http: { addr: "127.0.0.1:$port" }
auth: { htpasswd: { realm: wharf, path: $at/htpasswd } }
CONFIG
docker-registry serve "$at/config.yml" >"$at/log" 2>&1 &
registry=$!
trap 'kill $registry 2>/dev/null || true; rm -rf "$at"' EXIT
for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    kill -0 $registry 2>/dev/null || { cat "$at/log"; exit 1; }
    sleep 0.1
done

# Neither a kernel that allows overlays nor user namespaces are needed this way.
export WHARF_TEST_REGISTRY="127.0.0.1:$port" BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
cargo test -q -p wharf-image --test main -- --ignored --nocapture

# The whole way: a Dockerfile, a builder, the sandbox's registry, a service that runs what was built.
cargo build -q -p wharf-cli
mkdir "$at/app"
printf 'FROM scratch\nCOPY Dockerfile /\nEXPOSE 3000\n' >"$at/app/Dockerfile"
cat >"$at/app/wharf.yaml" <<SPEC
version: 1
app: notes
region: eu-west-1
services:
  web: { build: ., port: 3000, health: / }
SPEC
wharf() { target/debug/wharf "$@" --file "$at/app/wharf.yaml" --sandbox="$at/sandbox"; }
wharf deploy --yes
wharf plan --detailed-exitcode

# The recorded run of the documents, once more.
WHARF_TEST_BUILDER=$(command -v buildah) \
    cargo test -q -p wharf-cli --test acceptance the_first_run_goes_as_the_document_shows -- --nocapture
