# Recipes need `just` (cargo install just, or pip install rust-just). The two commands of the README
# need nothing but Rust.

set shell := ["bash", "-euo", "pipefail", "-c"]

venv := env("WHARF_VENV", ".venv")

# List the recipes.
default:
    @just --list

# Apply the smallest sample on the embedded sandbox.
demo:
    cargo run -q -- apply --file specs/minimal.yaml --sandbox --yes

# Everything that needs only Rust.
test:
    cargo test --workspace

# Format, lints, boundaries between crates.
lint: boundaries
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Fail when a crate can reach what it must not.
boundaries:
    #!/usr/bin/env bash
    set -euo pipefail
    forbid() { # crate, pattern, reason
        if cargo tree -q -p "$1" -e normal --prefix none | grep -E "^($2) " ; then
            echo "error: $1 must not depend on the above: $3" >&2
            exit 1
        fi
    }
    forbid wharf-plan 'tokio|aws-[a-z-]+|clap' 'the planner is pure'
    forbid wharf-graph 'tokio|aws-[a-z-]+|clap' 'nouns have no effects'
    forbid wharf-spec 'tokio|aws-[a-z-]+|clap|wharf-(graph|plan|apply|aws|sandbox|cli)' 'the spec stands alone'
    forbid wharf-doctor 'tokio|aws-[a-z-]+|clap|wharf-(spec|plan|apply|aws|sandbox|cli)' 'the doctor is pure'
    forbid wharf-apply 'aws-[a-z-]+|clap|wharf-(aws|spec|sandbox)' 'the executor knows no SDK'
    forbid wharf-aws 'clap|wharf-(plan|apply|sandbox)' 'reading and writing know no plan'
    forbid wharf-sandbox 'aws-[a-z-]+|wharf-(spec|graph|plan|apply|aws|cli)' 'the judge shares no code with the judged'
    forbid wharf-image 'aws-[a-z-]+|clap|wharf-(spec|graph|plan|apply|aws|sandbox|cli)' 'images know no account'
    if grep -rnE 'aws_(sdk|config|smithy|types|credential)' --include='*.rs' crates | grep -v '^crates/wharf-aws/'; then
        echo "error: only wharf-aws may name the SDK" >&2
        exit 1
    fi
    echo "boundaries hold"

# Licences, sources and bans, with cargo-deny.
deny:
    cargo deny --all-features check --config .deny.toml bans licenses sources

# Documentation of the code, warnings as errors.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps -q

# Install what the acceptance against moto needs.
moto-install:
    test -x {{venv}}/bin/python || python3 -m venv {{venv}}
    {{venv}}/bin/pip install -q --disable-pip-version-check -r tests/moto/requirements.txt

# Acceptance against moto, an emulator we did not write.
moto: moto-install
    cargo build -q -p wharf-cli
    {{venv}}/bin/python -m pytest -q tests/moto

# Renew what the sandbox checks requests against from botocore's service models.
constraints: moto-install
    {{venv}}/bin/python tests/conformance/constraints.py

# The sandbox's answers, each checked against botocore's service models, and its constraints.
conformance: moto-install
    {{venv}}/bin/python tests/conformance/constraints.py --check
    bash tests/conformance/serve-and-run.sh {{venv}}/bin/python

# Install what opening reports in a browser needs: Debian's Chromium, and Selenium.
browser-install:
    test -x {{venv}}/bin/python || python3 -m venv {{venv}}
    {{venv}}/bin/pip install -q --disable-pip-version-check -r tests/browser/requirements.txt
    command -v chromium chromedriver >/dev/null || apt-get install -y -qq chromium chromium-driver >/dev/null

# The HTML report and the picture in a real browser; screenshots go to target/browser.
browser: browser-install
    cargo build -q -p wharf-cli
    {{venv}}/bin/python tests/browser/run.py target/debug/wharf target/browser

# Build with buildah and push to Debian's docker-registry (installs both with apt if missing).
registry:
    bash tests/registry/run.sh

# `wharf exec` with AWS's own plugin, built from its source (needs Go).
plugin:
    bash tests/plugin/run.sh

# The pipelines in docs/ci: actionlint on the workflows, GitLab's own schema on the job (needs Go and Python).
ci-docs:
    test -x {{venv}}/bin/python || python3 -m venv {{venv}}
    {{venv}}/bin/pip install -q --disable-pip-version-check check-jsonschema==0.39.0
    GOBIN="$(cd {{venv}}/bin && pwd)" go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
    {{venv}}/bin/actionlint docs/ci/github.yml docs/ci/github-deploy.yml docs/ci/github-preview.yml
    {{venv}}/bin/check-jsonschema --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci docs/ci/gitlab.yml

# Accept new golden output, then look at the diff.
bless:
    WHARF_BLESS=1 INSTA_UPDATE=always cargo test --workspace

# Calls, rounds, wall time at 50 ms a call, the first call, an apply against its longest chain, memory, binary size.
bench:
    cargo build -q --release -p wharf-cli
    cargo bench -q -p wharf-plan --bench plan
    bash tests/bench.sh

# Check that the fuzz targets compile; without the fuzzer itself that takes neither nightly nor a C++ compiler.
fuzz-check:
    CUSTOM_LIBFUZZER_PATH=/none/libFuzzer.a cargo check -q --manifest-path fuzz/Cargo.toml --target-dir target/fuzz-check

# Fuzz the reading of specs, or their merging (`overlay`), for a number of seconds (needs cargo-fuzz and a nightly toolchain).
fuzz target="spec" seconds="60":
    cd fuzz && cargo +nightly fuzz run {{target}} -- -max_total_time={{seconds}} -max_len=4096

# Fuzz the sandbox with any bytes as requests, beginning with real ones.
fuzz-wire seconds="60":
    cd fuzz && mkdir -p corpus/wire && cargo +nightly fuzz run wire corpus/wire seeds/wire -- -max_total_time={{seconds}} -max_len=4096

# SIGKILL at every change, two runs at once, throttling and lost answers, with figures.
kill:
    cargo test -p wharf-cli --test acceptance -- --nocapture --test-threads=1 kill:: two:: throttle::

# What the doctor names for every fault, and for every pair of faults, with figures.
doctor:
    WHARF_ALL_PAIRS=1 cargo test -p wharf-cli --test acceptance -- --nocapture doctor::

# The simulation: so many seeds, each a world, a change and what goes wrong (docs/simulation.md).
sim seeds="1000":
    WHARF_SIM_SEEDS={{seeds}} cargo test -q --profile sim -p wharf-cli --test simulation whatever_happens -- --nocapture

# What CI runs.
ci:
    bash .ci/run
