"""A moto server, and the built `wharf` beside it. Every worker has its own server."""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from account import Account

ROOT = pathlib.Path(__file__).resolve().parents[2]


def wharf_binary():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return os.environ.get("WHARF_BIN", str(target / "debug" / "wharf"))


class Wharf:
    """Runs the built binary on one spec against one endpoint, with nothing else of the environment."""

    def __init__(self, url, home, spec, env=None):
        self.url = url
        self.home = home
        self.spec = home / "wharf.yaml"
        self.spec.write_text(spec)
        self.flags = ["--env", env] if env else []

    def __call__(self, *args, code=0):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        run = subprocess.run(
            [wharf_binary(), *args, "--file", str(self.spec), *self.flags],
            env=environment, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
        )
        shown = f"$ wharf {' '.join(args)}\n{run.stdout}\n{run.stderr}"
        assert run.returncode == code, f"exit {run.returncode}, wanted {code}\n{shown}"
        return run

    def edit(self, old, new):
        """Replaces one piece of the spec, which must be there exactly once."""
        text = self.spec.read_text()
        assert text.count(old) == 1, f"{old!r} in\n{text}"
        self.spec.write_text(text.replace(old, new))

    def plan(self, code=0):
        """Plans with `--detailed-exitcode`, and returns the document."""
        return json.loads(self("plan", "--format", "json", "--detailed-exitcode", code=code).stdout)

    def apply(self, code=0):
        return self("apply", "--yes", "--allow-delete", code=code)

    def converged(self):
        """Checks that nothing is left to do, and that no drift is seen."""
        plan = self.plan()
        assert plan["steps"] == [] and plan["waiting"] == []
        self("drift")

    def destroy(self, stack, code=0):
        return self("destroy", "--yes", "--confirm", stack, code=code)


@pytest.fixture(scope="session")
def server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        # A certificate is issued after two seconds instead of a minute.
        env={**os.environ, "MOTO_ACM_VALIDATION_WAIT": "2"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/moto-api/", timeout=5).read()
                break
            except OSError:
                assert process.poll() is None, "moto ended by itself"
                time.sleep(0.1)
        else:
            raise AssertionError("moto did not start")
        yield url
    finally:
        # It has nothing to save, and may be slow to end by itself.
        process.kill()
        process.wait(timeout=60)


@pytest.fixture
def moto(server):
    """Returns a function that gives an account of a region, in a moto with nothing in it."""
    request = urllib.request.Request(f"{server}/moto-api/reset", method="POST")
    urllib.request.urlopen(request, timeout=10).read()
    return lambda region: Account(server, region)


@pytest.fixture
def sample(moto, tmp_path):
    """Returns a function that gives a sample's `Wharf` and an account with its surroundings."""

    def begin(name, env=None):
        text = (ROOT / "specs" / f"{name}.yaml").read_text()
        account = moto(re.search(r"^region: *(\S+)", text, re.M).group(1))
        account.make_surroundings()
        return Wharf(account.url, tmp_path, text, env), account

    return begin
