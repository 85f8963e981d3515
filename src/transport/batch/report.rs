//! What became of every input: the report in CSV, and the numbers for the summary (contract 6.3, 6.5).

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord, Writer};

use crate::transport::files::{Destination, OpenDestination, beginning};
use totp_adapter::status::Status;

/// What became of an input: a line of the report.
#[derive(Default)]
pub struct ReportLine {
    /// The input as it was named or found.
    pub input: PathBuf,
    /// The file that was written, or was there, below the output folder.
    pub output: Option<PathBuf>,
    /// The status; none where nothing was asked.
    pub status: Option<Status>,
    /// What is to be said of it, in words that quote nothing.
    pub description: String,
    /// Whether there was nothing to do.
    pub is_skipped: bool,
    /// Issuer and account of a new secret.
    pub names: [Option<String>; 2],
}

impl ReportLine {
    /// There was nothing to do.
    pub fn skipped(status: Option<Status>, output: Option<PathBuf>, description: &str) -> Self {
        Self { status, output, description: description.to_owned(), is_skipped: true, ..Self::default() }
    }
}

/// Where a report goes, once it is sure that it may go there.
pub struct ReportPlace {
    /// The file or stream.
    pub destination: Destination,
    /// The older report, or the empty file, that was found there. Nothing else is replaced, and nothing that came later.
    pub replaced: Option<PathBuf>,
}

/// The report, as far as one is wanted, and the numbers.
pub struct Report {
    writer: Option<Writer<OpenDestination>>,
    has_names: bool,
    error: Option<io::Error>,
    /// The older one whose place it takes.
    replaced: Option<PathBuf>,
    /// What was wrong with the first input that has status -1, where no report tells it.
    pub untold_error: Option<String>,
    /// How many inputs came to what.
    pub counts: Counts,
}

/// The columns of every report.
const COLUMNS: [&str; 4] = ["input", "output", "status", "description"];
/// What the report of new secrets has besides, so that it is a manifest.
const NAMES: [&str; 2] = ["issuer", "account"];

impl Report {
    /// Begins a report; with names it is one of new secrets.
    pub fn begin(place: Option<ReportPlace>, has_names: bool) -> io::Result<Self> {
        let (mut writer, mut replaced) = (None, None);
        if let Some(place) = place {
            let names = if has_names { &NAMES[..] } else { &[] };
            let opened = writer.insert(Writer::from_writer(place.destination.open()?));
            opened.write_record(COLUMNS.iter().chain(names)).map_err(cause)?;
            replaced = place.replaced;
        }
        Ok(Self { writer, has_names, error: None, replaced, untold_error: None, counts: Counts::default() })
    }

    /// Adds what became of an input. Where it cannot be written, that is told at the end: the run goes on.
    pub fn add(&mut self, line: &ReportLine) {
        self.counts.add(line);
        let Some(writer) = &mut self.writer else {
            if line.status == Some(Status::Error) {
                self.untold_error.get_or_insert_with(|| line.description.clone());
            }
            return;
        };
        if self.error.is_some() {
            return;
        }
        let output = line.output.as_deref().map_or(Cow::Borrowed(""), printable);
        let status = line.status.map_or("", Status::text);
        let cells = [printable(&line.input), output, status.into(), line.description.as_str().into()];
        // The names stay what they are, so that the next run sees the same.
        let names = line.names.iter().filter(|_| self.has_names).map(|name| name.as_deref().unwrap_or_default());
        let cells = cells.iter().map(Cow::as_ref).chain(names);
        self.error = writer.write_record(cells).err().map(cause);
    }

    /// Puts the report in its place.
    pub fn finish(&mut self) -> io::Result<()> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let Some(mut writer) = self.writer.take() else { return Ok(()) };
        writer.flush()?;
        // Nothing is left to be written, and so nothing fails here.
        let opened = writer.into_inner().map_err(|error| io::Error::from(error.error().kind()))?;
        // It may have become something else by now, an output of this very run.
        let replaces = self.replaced.as_deref().is_some_and(is_report);
        opened.finish(replaces)
    }
}

/// The system's error, as it was before the crate took it.
fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        // Rows of any length are written, and nothing is read.
        _ => io::ErrorKind::Other.into(),
    }
}

/// Whether a row is the first one of a report.
pub fn is_header(row: &StringRecord) -> bool {
    row.iter().eq(COLUMNS) || row.iter().eq(COLUMNS.into_iter().chain(NAMES))
}

/// Whether a file is the report of an earlier run, or nothing.
pub fn is_report(place: &Path) -> bool {
    beginning(place).is_ok_and(|bytes| {
        let mut rows = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice());
        bytes.is_empty() || rows.records().next().is_some_and(|row| row.is_ok_and(|row| is_header(&row)))
    })
}

/// The name of a file; what is not UTF-8 in it is escaped.
fn printable(file: &Path) -> Cow<'_, str> {
    let bytes = file.as_os_str().as_encoded_bytes();
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.into();
    }
    let mut escaped = String::new();
    for chunk in bytes.utf8_chunks() {
        escaped.push_str(chunk.valid());
        escaped.extend(chunk.invalid().escape_ascii().map(char::from));
    }
    escaped.into()
}

/// How many inputs came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub successful: u64,
    pub mismatches: u64,
    pub errors: u64,
    pub skipped: u64,
    /// Files in the folders that are no documents.
    pub others: u64,
    /// Of those that were skipped, the rows of a report that have failed before.
    failed_before: u64,
    worst: Option<Status>,
}

impl Counts {
    fn add(&mut self, line: &ReportLine) {
        let count = match line.status {
            _ if line.is_skipped => &mut self.skipped,
            None => &mut self.skipped,
            Some(Status::Success) => &mut self.successful,
            Some(Status::Mismatch) => &mut self.mismatches,
            Some(Status::Error) => &mut self.errors,
        };
        *count += 1;
        self.failed_before += u64::from(line.status.is_none());
        self.worst = match (self.worst, line.status) {
            (Some(Status::Error), _) | (_, Some(Status::Error)) => Some(Status::Error),
            (Some(Status::Mismatch), _) | (_, Some(Status::Mismatch)) => Some(Status::Mismatch),
            (Some(Status::Success) | None, Some(Status::Success) | None) => Some(Status::Success),
        };
    }

    /// How many inputs there were.
    pub fn inputs(&self) -> u64 {
        self.successful + self.mismatches + self.errors + self.skipped
    }

    /// Whether there were inputs, and every one has failed before.
    pub fn have_all_failed_before(&self) -> bool {
        self.failed_before > 0 && self.failed_before == self.inputs()
    }

    /// The status of the whole: the worst of all (contract 6.6).
    pub fn worst(&self) -> Status {
        self.worst.unwrap_or(Status::Success)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inputs = self.inputs();
        write!(f, "{}: {} successful", number(inputs, "input", "inputs"), self.successful)?;
        write!(f, ", {}", number(self.mismatches, "mismatch", "mismatches"))?;
        write!(f, ", {}, {} skipped", number(self.errors, "error", "errors"), self.skipped)?;
        if self.others > 0 {
            write!(f, "; {} left alone", number(self.others, "other file", "other files"))?;
        }
        Ok(())
    }
}

fn number(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(status: Option<Status>, is_skipped: bool) -> ReportLine {
        ReportLine { status, is_skipped, ..ReportLine::default() }
    }

    // contract 6.5b, 6.6a
    #[test]
    fn the_worst_status_is_that_of_the_whole() {
        let mut counts = Counts::default();
        assert_eq!(counts.worst(), Status::Success);
        let answers = [(Some(Status::Success), false), (None, true), (Some(Status::Mismatch), true)];
        for (status, is_skipped) in answers {
            counts.add(&line(status, is_skipped));
        }
        assert_eq!(
            (counts.worst(), counts.to_string().as_str()),
            (Status::Mismatch, "3 inputs: 1 successful, 0 mismatches, 0 errors, 2 skipped")
        );
        counts.add(&line(Some(Status::Error), false));
        counts.add(&line(Some(Status::Mismatch), false));
        counts.others = 1;
        assert_eq!(counts.worst(), Status::Error);
        assert_eq!(
            counts.to_string(),
            "5 inputs: 1 successful, 1 mismatch, 1 error, 2 skipped; 1 other file left alone"
        );
    }

    // contract 6.3c
    #[test]
    fn bytes_that_are_no_text_are_escaped() {
        assert_eq!(printable(Path::new("Jörg\n")), "Jörg\n");
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            let name = std::ffi::OsStr::from_bytes(b"J\xf6rg \xe2\x82");
            assert_eq!(printable(Path::new(name)), "J\\xf6rg \\xe2\\x82");
        }
    }
}
