"""Measures what a shell cannot.

    python3 tests/bench_apply.py first-call WHARF SPEC     # milliseconds from the start to the first call
    python3 tests/bench_apply.py critical PLAN EVENTS      # an apply against the longest chain of its steps
"""

import json
import os
import socket
import subprocess
import sys
import time

TIMES = 10


def first_call(wharf, spec):
    """Starts `wharf plan` against a port that only listens; the first connection is the first call."""
    took = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        credentials = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        env = {**os.environ, **credentials, "AWS_ENDPOINT_URL": endpoint}
        for _ in range(TIMES):
            began = time.perf_counter()
            child = subprocess.Popen(
                [wharf, "plan", "--file", spec],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            server.settimeout(20)
            server.accept()[0].close()
            took.append((time.perf_counter() - began) * 1000)
            child.kill()
            child.wait()
            # What else the child had begun to say must not count for the next one.
            server.settimeout(0.05)
            try:
                while True:
                    server.accept()[0].close()
            except TimeoutError:
                pass
    took.sort()
    middle = took[len(took) // 2]
    print(f"{'start to first call (bound 15 ms)':44} {took[0]:5.1f} ms, median {middle:.1f} ms")


def critical(plan, events):
    """Compares how long the steps took together with the longest chain of steps that wait for each other."""
    with open(plan) as file:
        needs = {step["id"]: step["needs"] for step in json.load(file)["steps"]}
    took, wall = {}, None
    with open(events) as file:
        for event in map(json.loads, file):
            if event["type"] == "step_done":
                took[event["step"]] = event["millis"]
            elif event["type"] == "settled":
                wall = event["millis"]
    if wall is None or set(took) != set(needs):
        sys.exit(f"{len(took)} of {len(needs)} steps were done")
    ends = {}

    def end(step):
        if step not in ends:
            ends[step] = took[step] + max((end(need) for need in needs[step]), default=0)
        return ends[step]

    longest = max(map(end, needs))
    print(
        f"{f'apply of {len(needs)} steps (bound 1.15)':44} {wall} ms; longest chain {longest} ms; "
        f"ratio {wall / longest:.2f}"
    )


if __name__ == "__main__":
    {"first-call": first_call, "critical": critical}[sys.argv[1]](*sys.argv[2:])
