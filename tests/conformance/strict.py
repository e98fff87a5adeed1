"""Checks every answer of a server, as it is on the wire, against AWS's own service models.

botocore silently drops what a model does not know and never misses what it requires. Here the raw
bodies are walked beside the models' output shapes instead: unknown members, missing required ones,
values of the wrong type and values outside an enumeration are all faults.
"""

import json
import xml.etree.ElementTree as ElementTree
from datetime import datetime

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


# What AWS answers although its model does not say so.
IGNORED_IN_EC2 = {
    "requestId",
    # Every operation that has nothing to say but "done" has it, and some others do.
    "return",
}
KNOWN = {
    # EC2 API reference, InternetGatewayAttachment: an attached gateway is `available`.
    "ec2:DescribeInternetGateways.InternetGateways[].Attachments[].State": "available",
    # ACM user guide, "describe-certificate": written with a hyphen, unlike in requests.
    "acm:DescribeCertificate.Certificate.KeyAlgorithm": "RSA-2048",
}
# What AWS leaves out although its model requires it: the marker of a first page.
ABSENT = {"route53:ListHostedZones.Marker"}


class Checker:
    """Makes clients for one endpoint and gathers what is wrong with the answers."""

    def __init__(self, endpoint, region="eu-west-1"):
        self.endpoint = endpoint
        self.session = boto3.Session(
            aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="x", region_name=region
        )
        self.faults = []
        # The operations that were accepted, and those that were refused.
        self.operations = set()
        self.refused = set()

    def client(self, name, **settings):
        config = Config(retries={"total_max_attempts": 1}, **settings)
        client = self.session.client(name, endpoint_url=self.endpoint, config=config)
        client.meta.events.register("after-call", self._after)
        return client

    def fails(self, code, call, **arguments):
        """Makes a call that must fail with an error code; returns the message."""
        try:
            call(**arguments)
        except ClientError as error:
            answer = error.response["Error"]
            if answer["Code"] != code:
                self.faults.append(f"{call.__name__}: {answer['Code']} instead of {code}")
            return answer.get("Message", "")
        self.faults.append(f"{call.__name__}: no error, expected {code}")
        return ""

    def _after(self, http_response, parsed, model, **_):
        service = model.service_model
        where = f"{service.service_name}:{model.name}"
        if http_response.status_code >= 300:
            self.refused.add(where)
            return
        self.operations.add(where)
        if model.output_shape is None:
            return
        if service.resolved_protocol in ("json", "rest-json"):
            self._json(model.output_shape, json.loads(http_response.content), where)
            return
        root = strip(ElementTree.fromstring(http_response.content))
        ignored = set()
        wrapper = model.output_shape.serialization.get("resultWrapper")
        if wrapper is not None:
            inner = root.find(wrapper)
            if inner is None:
                self.faults.append(f"{where}: no <{wrapper}>")
                return
            root = inner
        elif service.resolved_protocol == "ec2":
            ignored = IGNORED_IN_EC2
        self._xml(model.output_shape, [root], where, ignored)

    def _json(self, shape, value, where):
        if shape.type_name == "structure":
            if not isinstance(value, dict):
                self.faults.append(f"{where}: not a structure: {value!r}")
                return
            for name, inner in value.items():
                if name in shape.members:
                    self._json(shape.members[name], inner, f"{where}.{name}")
                else:
                    self.faults.append(f"{where}: unknown member {name}")
            self._required(shape, value, where)
        elif shape.type_name == "list":
            if not isinstance(value, list):
                self.faults.append(f"{where}: not a list: {value!r}")
                return
            for inner in value:
                self._json(shape.member, inner, f"{where}[]")
        elif shape.type_name == "map":
            for inner in value.values():
                self._json(shape.value, inner, f"{where}{{}}")
        else:
            self._scalar(shape, value, where, text=False)

    def _xml(self, shape, elements, where, ignored=frozenset()):
        if shape.type_name == "structure":
            for element in elements[:1]:
                self._xml_structure(shape, element, where, ignored)
            if len(elements) > 1:
                self.faults.append(f"{where}: repeated")
        elif shape.type_name == "list":
            if not shape.serialization.get("flattened"):
                name = shape.member.serialization.get("name", "member")
                members = [member for element in elements for member in element]
                for member in members:
                    if member.tag != name:
                        self.faults.append(f"{where}: <{member.tag}> instead of <{name}>")
                elements = members
            for element in elements:
                self._xml(shape.member, [element], f"{where}[]")
        elif shape.type_name != "map":
            for element in elements:
                if len(element):
                    self.faults.append(f"{where}: holds elements")
                self._scalar(shape, element.text or "", where, text=True)

    def _xml_structure(self, shape, element, where, ignored):
        by_tag = {}
        for name, member in shape.members.items():
            if member.serialization.get("location") in ("header", "statusCode"):
                continue
            tag = member.serialization.get("name", name)
            if member.type_name == "list" and member.serialization.get("flattened"):
                tag = member.member.serialization.get("name", tag)
            by_tag[tag] = (name, member)
        found = {}
        for child in element:
            if child.tag in by_tag:
                found.setdefault(child.tag, []).append(child)
            elif child.tag not in ignored:
                self.faults.append(f"{where}: unknown element <{child.tag}>")
        for tag, children in found.items():
            name, member = by_tag[tag]
            self._xml(member, children, f"{where}.{name}")
        in_headers = {
            name for name, member in shape.members.items()
            if member.serialization.get("location") in ("header", "statusCode")
        }
        self._required(shape, {by_tag[tag][0] for tag in found} | in_headers, where)

    def _required(self, shape, present, where):
        for name in shape.required_members:
            if name not in present and f"{where}.{name}" not in ABSENT:
                self.faults.append(f"{where}: required member {name} is missing")

    def _scalar(self, shape, value, where, text):
        kind = shape.type_name
        fault = None
        if KNOWN.get(where) == value:
            return
        if kind in ("integer", "long"):
            wanted = value.lstrip("-").isdigit() if text else type(value) is int
            fault = None if wanted else "not a whole number"
        elif kind in ("float", "double"):
            fault = None if text or isinstance(value, (int, float)) else "not a number"
        elif kind == "boolean":
            wanted = value in ("true", "false") if text else isinstance(value, bool)
            fault = None if wanted else "not a boolean"
        elif kind == "timestamp":
            fault = None if is_time(value, text) else "not a timestamp"
        elif kind == "string":
            if not isinstance(value, str):
                fault = "not text"
            elif getattr(shape, "enum", None) and value not in shape.enum:
                fault = f"not one of {shape.enum}"
        if fault:
            self.faults.append(f"{where}: {value!r} is {fault}")


def is_time(value, text):
    if not text:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    try:
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError:
        return False
    return True


def strip(element):
    """Drops the namespaces of an element and everything in it."""
    for inner in element.iter():
        inner.tag = inner.tag.rpartition("}")[2]
    return element
