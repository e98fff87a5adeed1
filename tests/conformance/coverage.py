"""Which operations wharf uses, as its table of permissions lists them, and which of them nobody drove."""

import re
from pathlib import Path

TABLE = Path(__file__).parents[2] / "crates/wharf-aws/src/permissions/table.rs"
CALL = re.compile(r'\b(?:plain!|making!|row)\(\s*"([a-z0-9]+):([A-Z]\w+)"')
# The names under which boto3 knows services.
CLIENTS = {
    "elasticloadbalancing": "elbv2",
    "tagging": "resourcegroupstaggingapi",
    "tag": "resourcegroupstaggingapi",
}
# They take nothing that could be wrong.
NEVER_REFUSED = {"sts:GetCallerIdentity", "ecr:GetAuthorizationToken"}


def used():
    """Returns the operations wharf uses, as `service:Operation`."""
    found = {f"{CLIENTS.get(name, name)}:{call}" for name, call in CALL.findall(TABLE.read_text())}
    assert len(found) > 80, f"{TABLE} is not what it was"
    return found


def missing(driven, refused):
    """Says what was not driven with input that is accepted, or with input that is refused."""
    faults = [f"{call}: wharf uses it, and it was not driven" for call in used() - driven]
    never = used() - refused - NEVER_REFUSED
    return sorted(faults + [f"{call}: no bad input was tried" for call in never])
