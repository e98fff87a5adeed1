"""A moto server with a network and a zone, and the built `wharf` beside it."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

import boto3
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "ap-southeast-2"


def wharf_binary():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return os.environ.get("WHARF_BIN", str(target / "debug" / "wharf"))


class Moto:
    """One moto server, reset for each test."""

    def __init__(self, url):
        self.url = url

    def client(self, service, region=REGION):
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def reset(self):
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        urllib.request.urlopen(request, timeout=10).read()


@pytest.fixture(scope="session")
def server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{url}/moto-api/", timeout=2).read()
                break
            except OSError:
                assert process.poll() is None, "moto ended by itself"
                time.sleep(0.1)
        else:
            raise AssertionError("moto did not start")
        yield Moto(url)
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def moto(server):
    server.reset()
    return server


class Wharf:
    """Runs the built binary against moto."""

    def __init__(self, moto, tmp_path):
        self.moto = moto
        self.home = tmp_path

    def __call__(self, *args, spec, code=0):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "AWS_ENDPOINT_URL": self.moto.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        run = subprocess.run(
            [wharf_binary(), *args, "--file", str(spec)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
        shown = f"$ wharf {' '.join(args)}\n{run.stdout}\n{run.stderr}"
        assert run.returncode == code, f"exit {run.returncode}, wanted {code}\n{shown}"
        return run

    def plan(self, *args, spec, code=0):
        return json.loads(self("plan", "--format", "json", *args, spec=spec, code=code).stdout)


@pytest.fixture
def wharf(moto, tmp_path):
    return Wharf(moto, tmp_path)
