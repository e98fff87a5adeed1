//! What tasks write, in the order in which they wrote it.

use wharf_graph::StackId;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::names;

/// Most lines kept of one look, so that a talkative service cannot fill the memory.
pub const MOST: usize = 100_000;

/// Which lines are wanted.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Not older than this, in milliseconds since 1970.
    pub since: i64,
    /// Only lines that contain this text, as it is written.
    pub filter: Option<String>,
    /// Only streams that begin with this.
    pub stream: Option<String>,
}

/// One line of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// The spec's name of the service.
    pub service: String,
    /// Name of the container.
    pub container: String,
    /// Task id.
    pub task: String,
    /// What was written, without the end of the line.
    pub message: String,
    /// What tells it from every other line (`CloudWatch` Logs API reference, `FilteredLogEvent`).
    pub id: String,
}

/// Lines and whether there were more than are kept.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// Oldest first.
    pub lines: Vec<Line>,
    /// Whether the look ended at [`MOST`] lines.
    pub cut: bool,
}

/// Reads the lines of one service, whose log group goes by `home`. A service that has written nothing yet, or has no log group, has none.
pub async fn lines(
    aws: &Aws,
    stack: &StackId,
    (service, home): (&str, &str),
    query: &Query,
) -> Result<Lines, AwsError> {
    let group = names::log_group(stack, home);
    let pattern = query.filter.as_deref().and_then(pattern);
    let mut found = Lines::default();
    let mut token = None::<String>;
    loop {
        let page = aws
            .caller
            .call("logs:FilterLogEvents", || {
                aws.logs
                    .filter_log_events()
                    .log_group_name(&group)
                    .start_time(query.since)
                    .set_filter_pattern(pattern.clone())
                    .set_log_stream_name_prefix(query.stream.clone())
                    .set_next_token(token.clone())
                    .send()
            })
            .await;
        let page = match page {
            Ok(page) => page,
            Err(error) if error.is(&["ResourceNotFoundException"]) => return Ok(found),
            Err(error) => return Err(error),
        };
        for event in page.events() {
            let message = event.message().unwrap_or_default().trim_end_matches(['\r', '\n']);
            if query.filter.as_ref().is_some_and(|text| !message.contains(text.as_str())) {
                continue;
            }
            let (container, task) = origin(event.log_stream_name().unwrap_or_default());
            found.lines.push(Line {
                at: event.timestamp().unwrap_or_default(),
                service: service.to_owned(),
                container: container.to_owned(),
                task: task.to_owned(),
                message: message.to_owned(),
                id: event.event_id().unwrap_or_default().to_owned(),
            });
        }
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if found.lines.len() >= MOST && token.is_some() {
            found.cut = true;
            token = None;
        }
        if token.is_none() {
            // Stable: lines of one moment stay in the order in which they came.
            found.lines.sort_by_key(|line| line.at);
            return Ok(found);
        }
    }
}

/// Returns the filter that finds a text as it is, where a filter can say so: a quoted phrase
/// (`CloudWatch` Logs user guide, "Filter pattern syntax"). Others are looked for on this side.
fn pattern(text: &str) -> Option<String> {
    let simple =
        !text.is_empty() && !text.contains(['"', '\\']) && !text.contains(char::is_control);
    simple.then(|| format!("\"{text}\""))
}

/// Reads `<prefix>/<container>/<task id>`.
fn origin(stream: &str) -> (&str, &str) {
    let mut parts = stream.rsplitn(3, '/');
    let task = parts.next().unwrap_or_default();
    (parts.next().unwrap_or_default(), task)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_say_which_container_of_which_task() {
        assert_eq!(origin("ecs/web/0123"), ("web", "0123"));
        assert_eq!(origin("0123"), ("", "0123"));
    }

    #[test]
    fn only_plain_text_is_filtered_by_the_service() {
        assert_eq!(pattern("GET /x").as_deref(), Some("\"GET /x\""));
        assert_eq!(pattern("say \"x\""), None);
        assert_eq!(pattern(""), None);
    }
}
