//! Alarms.

use serde_json::{Value, json};

use crate::common::{Answer, json as call, sandbox};

const SERVICE: &str = "monitoring";

fn alarm(name: &str) -> Value {
    json!({
        "AlarmName": name,
        "MetricName": "HTTPCode_Target_5XX_Count",
        "Namespace": "AWS/ApplicationELB",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 0.5,
        "ComparisonOperator": "GreaterThanThreshold",
    })
}

fn names(answer: &Answer) -> Vec<String> {
    let shown = answer.ok();
    let alarms = shown["MetricAlarms"].as_array().unwrap().iter();
    alarms.map(|alarm| alarm["AlarmName"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_alarm_has_the_state_that_somebody_sets() {
    let sandbox = sandbox();
    for name in ["errors", "slow", "other"] {
        call(&sandbox, SERVICE, "PutMetricAlarm", alarm(name)).await.ok();
    }
    let shown = call(&sandbox, SERVICE, "DescribeAlarms", json!({"AlarmNames": ["errors"]})).await;
    let shown = &shown.ok()["MetricAlarms"][0];
    assert_eq!(shown["AlarmArn"], "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors");
    assert_eq!(
        (&shown["StateValue"], &shown["Threshold"]),
        (&json!("INSUFFICIENT_DATA"), &json!(0.5))
    );
    assert!(shown["StateUpdatedTimestamp"].is_number(), "{shown}");
    let ring = json!({"AlarmName": "errors", "StateValue": "ALARM", "StateReason": "a test"});
    call(&sandbox, SERVICE, "SetAlarmState", ring).await.ok();
    // Putting it again leaves its state alone.
    call(&sandbox, SERVICE, "PutMetricAlarm", alarm("errors")).await.ok();
    let ringing = call(&sandbox, SERVICE, "DescribeAlarms", json!({"StateValue": "ALARM"})).await;
    assert_eq!(names(&ringing), ["errors"]);
    let some = json!({"AlarmNames": ["slow", "nobody"]});
    assert_eq!(names(&call(&sandbox, SERVICE, "DescribeAlarms", some).await), ["slow"]);
    let begins = json!({"AlarmNamePrefix": "s"});
    assert_eq!(names(&call(&sandbox, SERVICE, "DescribeAlarms", begins).await), ["slow"]);
    let composite = json!({"AlarmTypes": ["CompositeAlarm"]});
    assert!(names(&call(&sandbox, SERVICE, "DescribeAlarms", composite).await).is_empty());
    let gone = json!({"AlarmNames": ["errors", "other"]});
    call(&sandbox, SERVICE, "DeleteAlarms", gone).await.ok();
    assert_eq!(names(&call(&sandbox, SERVICE, "DescribeAlarms", json!({})).await), ["slow"]);
}

#[tokio::test]
async fn alarms_come_in_pages() {
    let sandbox = sandbox();
    for number in 0..5 {
        let alarm = alarm(&format!("alarm-{number}"));
        call(&sandbox, SERVICE, "PutMetricAlarm", alarm).await.ok();
    }
    let (mut found, mut token) = (Vec::new(), Value::Null);
    loop {
        let mut input = json!({"MaxRecords": 2});
        if token.is_string() {
            input["NextToken"] = token;
        }
        let page = call(&sandbox, SERVICE, "DescribeAlarms", input).await;
        assert!(names(&page).len() <= 2);
        found.extend(names(&page));
        token = page.ok()["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(found.len(), 5, "{found:?}");
}
