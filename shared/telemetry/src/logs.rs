//! One line an event, structured, that reads alone.

use std::{fs::OpenOptions, io::IsTerminal, path::PathBuf, sync::Mutex};
use tracing_subscriber::{
    Layer, Registry,
    filter::Targets,
    fmt::{self, writer::BoxMakeWriter},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Pretty in a terminal, JSON otherwise.
    #[default]
    Auto,
    /// One JSON object a line, for machines.
    Json,
    /// Coloured text, for people.
    Pretty,
}

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Output {
    /// Standard output.
    #[default]
    Stdout,
    /// Standard error, where standard output belongs to a command's result.
    Stderr,
    /// Appended to this file, where the terminal belongs to a live screen.
    File(PathBuf),
}

/// How a process logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs {
    /// The process's name, told to the collector of spans.
    pub service: String,
    /// `info`, or `info,access=warn,interstate_log=debug`.
    pub filter: String,
    /// How a line looks.
    pub format: Format,
    /// Where lines go.
    pub output: Output,
    /// The base address of an OTLP/HTTP collector that spans are sent to.
    pub otel_endpoint: Option<String>,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is not a list of levels and `target=level`.
    #[error("the log filter `{filter}` is wrong: {reason}")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file could not be opened.
    #[error("the log file {} cannot be opened", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Spans cannot be exported.
    #[error("spans cannot be sent to {endpoint}: {reason}")]
    Export {
        /// Where to.
        endpoint: String,
        /// Why.
        reason: String,
    },
    /// Something else in the process logs already.
    #[error("logging is set up already")]
    Taken,
}

/// Keep it until the process ends: dropping it sends the last spans.
#[must_use = "dropping the guard ends the export of spans"]
#[derive(Debug, Default)]
pub struct LogsGuard {
    #[cfg(feature = "otel")]
    _exporter: Option<crate::otel::Exporter>,
}

impl Logs {
    /// Information to standard output, in the format that suits it.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            filter: "info".to_owned(),
            format: Format::Auto,
            output: Output::Stdout,
            otel_endpoint: None,
        }
    }

    /// Sets the process's logging up, once.
    pub fn init(self) -> Result<LogsGuard, LogError> {
        let lines = self.lines()?;
        let (spans, guard) = self.export()?;
        // Each has its own filter: what is too fine, or too much, for the logs still belongs to a trace.
        let lines = lines.with_filter(self.targets()?).boxed();
        let spans = spans.map(|layer| layer.with_filter(span_targets()).boxed());
        let layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> =
            [Some(lines), spans].into_iter().flatten().collect();
        tracing_subscriber::registry()
            .with(layers)
            .try_init()
            .map_err(|_| LogError::Taken)?;
        Ok(guard)
    }

    fn targets(&self) -> Result<Targets, LogError> {
        self.filter.parse::<Targets>().map_err(|error| LogError::Filter {
            filter: self.filter.clone(),
            reason: error.to_string(),
        })
    }

    fn lines(&self) -> Result<Box<dyn Layer<Registry> + Send + Sync>, LogError> {
        let (writer, terminal) = match &self.output {
            Output::Stdout => (
                BoxMakeWriter::new(std::io::stdout),
                std::io::stdout().is_terminal(),
            ),
            Output::Stderr => (
                BoxMakeWriter::new(std::io::stderr),
                std::io::stderr().is_terminal(),
            ),
            Output::File(path) => {
                let file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(path)
                    .map_err(|source| LogError::File {
                        path: path.clone(),
                        source,
                    })?;
                (BoxMakeWriter::new(Mutex::new(file)), false)
            }
        };
        let pretty = self.format == Format::Pretty || (self.format == Format::Auto && terminal);
        Ok(if pretty {
            fmt::layer()
                .with_writer(writer)
                .with_ansi(terminal)
                .compact()
                .boxed()
        } else {
            fmt::layer()
                .json()
                .flatten_event(true)
                .with_current_span(true)
                .with_span_list(false)
                .with_writer(writer)
                .boxed()
        })
    }

    #[cfg(not(feature = "otel"))]
    fn export(&self) -> Result<(Option<Box<dyn Layer<Registry> + Send + Sync>>, LogsGuard), LogError> {
        match &self.otel_endpoint {
            None => Ok((None, LogsGuard::default())),
            Some(endpoint) => Err(LogError::Export {
                endpoint: endpoint.clone(),
                reason: "this binary was built without the feature `otel`".to_owned(),
            }),
        }
    }

    #[cfg(feature = "otel")]
    fn export(&self) -> Result<(Option<Box<dyn Layer<Registry> + Send + Sync>>, LogsGuard), LogError> {
        let Some(endpoint) = &self.otel_endpoint else {
            return Ok((None, LogsGuard::default()));
        };
        let (layer, exporter) =
            crate::otel::layer(&self.service, endpoint).map_err(|reason| LogError::Export {
                endpoint: endpoint.clone(),
                reason,
            })?;
        Ok((
            Some(layer),
            LogsGuard {
                _exporter: Some(exporter),
            },
        ))
    }
}

/// What is exported: the spans that code makes for this alone (target `spans`), and those that logs show too.
fn span_targets() -> Targets {
    Targets::new()
        .with_default(tracing::Level::INFO)
        .with_target("spans", tracing::Level::TRACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test only may set logging up: it is a property of the process.
    #[test]
    fn a_line_reads_alone() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let output = Output::File(file.path().to_owned());
        let logs = Logs {
            filter: "info,quiet=warn".into(),
            output,
            ..Logs::new("test")
        };
        let _guard = logs.clone().init().unwrap();
        tracing::info_span!("request", request_id = "r-1").in_scope(|| {
            tracing::info!(bookings = 3, "caught up");
            tracing::info!(target: "quiet", "must not appear");
            tracing::debug!("must not appear");
        });
        assert!(matches!(logs.init(), Err(LogError::Taken)));

        let text = std::fs::read_to_string(file.path()).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines.len(), 1, "{text}");
        assert_eq!(lines[0]["message"], "caught up");
        assert_eq!(lines[0]["bookings"], 3);
        assert_eq!(lines[0]["span"]["request_id"], "r-1");
    }

    #[test]
    fn wrong_settings_are_named() {
        let filter = Logs {
            filter: "info,a=loud".into(),
            ..Logs::new("test")
        };
        assert!(filter.targets().unwrap_err().to_string().contains("a=loud"));
        let file = Logs {
            output: Output::File("/no/such/folder/log".into()),
            ..Logs::new("test")
        };
        assert!(
            file.lines()
                .err()
                .unwrap()
                .to_string()
                .contains("/no/such/folder/log")
        );
    }

    #[cfg(not(feature = "otel"))]
    #[test]
    fn a_collector_without_the_feature_is_refused_not_ignored() {
        let logs = Logs {
            otel_endpoint: Some("http://127.0.0.1:4318".into()),
            ..Logs::new("test")
        };
        assert!(
            logs.export()
                .err()
                .unwrap()
                .to_string()
                .contains("without the feature `otel`")
        );
    }
}
