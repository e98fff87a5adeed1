//! What is refused before it is known which operation is meant.

use super::rules;

rules! { "The wire"
    AUTHENTICATED: "wire/authenticated", 403 "MissingAuthenticationToken",
        "A request is signed.",
        "common errors of every API reference";
    SCOPE: "wire/scope", 403 "IncompleteSignature",
        "The scope of the signature names a region and a service.",
        "common errors of every API reference";
    SERVICE_SIMULATED: "wire/service-simulated", 400 "UnknownOperationException",
        "The service is one of those simulated here.",
        "the sandbox";
    OPERATION_KNOWN: "wire/operation-known", 400 "UnknownOperationException",
        "The operation (awsJson) is one of those simulated here.",
        "common errors of awsJson services";
    ACTION_KNOWN: "wire/action-known", 400 "InvalidAction",
        "The action (awsQuery, ec2Query) is one of those simulated here.",
        "common errors of every API reference of the query protocols";
    PATH_KNOWN: "wire/path-known", 404 "UnknownOperationException",
        "Method and path (restXml) are those of an operation simulated here.",
        "the sandbox";
    JSON_OBJECT: "wire/json-object", 400 "SerializationException",
        "The body of an awsJson request is a JSON object.",
        "common errors of awsJson services";
    CBOR_MAP: "wire/cbor-map", 400 "SerializationException",
        "The body of an RPC v2 CBOR request is a CBOR map.",
        "Smithy specification, Smithy RPC v2 CBOR protocol";
    XML_FORM: "wire/xml-form", 400 "MalformedInput",
        "The body of a restXml request is well-formed XML.",
        "texts in public logs of Route 53";
}
