//! CloudWatch: alarms, and what state they are in. There are no metrics: somebody sets the state.

mod alarms;
pub mod state;

use super::{Operation, Protocol, Service, read, write};

/// CloudWatch.
pub static SERVICE: Service = Service {
    name: "monitoring",
    protocol: Protocol::Cbor,
    global: false,
    invalid: "ValidationError",
    operations: OPERATIONS,
    tagged: alarms::tagged,
};

const OPERATIONS: &[Operation] = &[
    read("DescribeAlarms", alarms::describe),
    write("PutMetricAlarm", alarms::put),
    write("SetAlarmState", alarms::set_state),
    write("DeleteAlarms", alarms::delete),
];
