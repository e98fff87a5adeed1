#!/usr/bin/env bash
# Builds the plugin that carries sessions (its repository has no releases to download from everywhere, and pins
# nothing: go.mod beside this file does) and runs what needs the real one.
set -euo pipefail
cd "$(dirname "$0")"

plugin="$PWD/../../target/session-manager-plugin"
go build -o "$plugin" github.com/aws/session-manager-plugin/src/sessionmanagerplugin-main
plugin=$(realpath "$plugin")
echo "session-manager-plugin $("$plugin" --version)"
WHARF_TEST_PLUGIN="$plugin" cargo test -q -p wharf-cli --test acceptance plugin:: -- --ignored --nocapture
