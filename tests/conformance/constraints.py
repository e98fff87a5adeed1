"""Writes the constraints of AWS's service models for the operations that the sandbox answers.

    python3 tests/conformance/constraints.py           # renews crates/wharf-sandbox/constraints/*.json
    python3 tests/conformance/constraints.py --check   # fails if what is committed is not that

The models are botocore's (Apache-2.0). Of a request's shapes only what can be checked is kept: types,
required members, sizes, ranges, patterns and enumerations, under the names that they have on the wire.
Where a model says what the service does not do, `EXCEPTIONS` says so, with the reason.
"""

import gzip
import json
import re
import sys
from pathlib import Path

import botocore

sys.dont_write_bytecode = True

ROOT = Path(__file__).resolve().parents[2] / "crates/wharf-sandbox"
DATA = Path(botocore.__file__).parent / "data"

# The sandbox's directory of a service: the name it is signed for, botocore's name of it.
SERVICES = {
    "acm": ("acm", "acm"),
    "autoscaling": ("application-autoscaling", "application-autoscaling"),
    "cloudtrail": ("cloudtrail", "cloudtrail"),
    "cloudwatch": ("monitoring", "cloudwatch"),
    "ec2": ("ec2", "ec2"),
    "ecr": ("ecr", "ecr"),
    "ecs": ("ecs", "ecs"),
    "elbv2": ("elasticloadbalancing", "elbv2"),
    "iam": ("iam", "iam"),
    "logs": ("logs", "logs"),
    "route53": ("route53", "route53"),
    "scheduler": ("scheduler", "scheduler"),
    "secrets": ("secretsmanager", "secretsmanager"),
    "ssm": ("ssm", "ssm"),
    "sts": ("sts", "sts"),
    "tagging": ("tagging", "resourcegroupstaggingapi"),
}

# What a model says although the service does not hold to it: (service, shape, constraint).
EXCEPTIONS = {}

# Patterns that Rust's regular expressions lack a means for (here: looking ahead), and the same said
# without it: a label neither begins nor ends with a hyphen, and the last has two characters at least.
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
NOT_NAMED = r"\x00-\x1f\x7f-\x9f:/|"
REWRITTEN = {
    r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])":
        rf"(\*\.)?({LABEL}\.)+[A-Za-z0-9][A-Za-z0-9-]{{0,61}}[A-Za-z0-9]",
    # The source of an event on an EventBridge bus; that it does not begin with `aws.` is left out.
    r"(?=[/\.\-_A-Za-z0-9]+)((?!aws\.).*)|(\$(\.[\w_-]+(\[(\d+|\*)\])*)*)":
        r"([/\.\-_A-Za-z0-9].*)|(\$(\.[\w_-]+(\[(\d+|\*)\])*)*)",
    # Halves of surrogate pairs are no characters of their own.
    r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*":
        r"[\x{20}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}\r\n\t]*",
    r"\p{Print}+": r"[\x20-\x7e]+",
    # No control character, colon, slash or bar anywhere, no space at either end.
    r"(?!((^[ ]+.*)|(.*([\u0000-\u001f]|[\u007f-\u009f]|[:/|])+.*)|(.*[ ]+$))).+":
        rf"[^ {NOT_NAMED}]([^{NOT_NAMED}]*[^ {NOT_NAMED}])?",
}

SIZED = {"string", "list", "map", "blob"}


def operations(directory):
    """Finds the operations in the sandbox's own tables."""
    source = ROOT / "src/services" / directory
    files = sorted(source.glob("*.rs")) if source.is_dir() else [source.with_suffix(".rs")]
    found = set()
    for file in files:
        found |= set(re.findall(r'\b(?:read|write)\(\s*"([A-Z]\w+)"', file.read_text()))
    return sorted(found)


def model(name):
    newest = sorted((DATA / name).glob("*/service-2.json.gz"))[-1]
    return json.loads(gzip.decompress(newest.read_bytes()))


class Reader:
    """Gathers the shapes that requests of one service can reach."""

    def __init__(self, service, model):
        self.service = service
        self.model = model
        self.protocol = model["metadata"]["protocol"]
        self.shapes = {}

    def reach(self, name):
        if name in self.shapes:
            return
        shape = self.model["shapes"][name]
        kind = shape["type"]
        kept = self.shapes[name] = {"type": kind}
        if kind == "structure":
            members = shape.get("members", {})
            wire = {member: self.wire_name(member, ref) for member, ref in members.items()}
            kept["members"] = {wire[member]: ref["shape"] for member, ref in members.items()}
            required = [wire[member] for member in shape.get("required", [])]
            if required:
                kept["required"] = required
            for ref in members.values():
                self.reach(ref["shape"])
        elif kind == "list":
            kept["member"] = shape["member"]["shape"]
            if self.protocol == "rest-xml" and not shape.get("flattened"):
                kept["name"] = shape["member"].get("locationName", "member")
            self.reach(shape["member"]["shape"])
        elif kind == "map":
            kept["key"], kept["value"] = shape["key"]["shape"], shape["value"]["shape"]
            self.reach(kept["key"])
            self.reach(kept["value"])
        for constraint in ("min", "max", "pattern", "enum"):
            if constraint not in shape or (self.service, name, constraint) in EXCEPTIONS:
                continue
            if constraint in ("min", "max") and kind not in SIZED | {"integer", "long"}:
                continue
            kept[constraint] = shape[constraint]
        if kept.get("pattern") in REWRITTEN:
            kept["rewritten"] = REWRITTEN[kept["pattern"]]
        if shape.get("sensitive"):
            kept["sensitive"] = True

    def wire_name(self, member, ref):
        if self.protocol == "ec2":
            location = ref.get("locationName")
            return ref.get("queryName") or (location and location[0].upper() + location[1:]) or member
        return ref.get("locationName", member)


def constraints(directory, signing, name):
    """Returns the text of one service's file: a shape a line, so that changes can be read."""
    source = model(name)
    reader = Reader(signing, source)
    inputs = {}
    for operation in operations(directory):
        shape = source["operations"][operation].get("input", {}).get("shape")
        inputs[operation] = shape
        if shape is not None:
            reader.reach(shape)
    def line(key, value):
        return f"{json.dumps(key)}: {json.dumps(value, sort_keys=True, separators=(',', ':'))}"

    head = [line("source", f"botocore {botocore.__version__}"), line("service", signing)]
    head.append(line("operations", inputs))
    shapes = ",\n".join(line(key, value) for key, value in sorted(reader.shapes.items()))
    return "{\n" + ",\n".join(head) + ',\n"shapes": {\n' + shapes + "\n}\n}\n"


def main():
    stale = []
    for directory, (signing, name) in SERVICES.items():
        file = ROOT / "constraints" / f"{directory}.json"
        text = constraints(directory, signing, name)
        if file.exists() and file.read_text() == text:
            continue
        if "--check" in sys.argv:
            stale.append(file.name)
        else:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
    if stale:
        sys.exit(f"stale: {', '.join(stale)}; `just constraints` renews them")
    print(f"constraints of {len(SERVICES)} services are those of botocore {botocore.__version__}")


if __name__ == "__main__":
    main()
