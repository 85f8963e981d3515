//! One line in, one line out: the process of contract section 7.

mod answer;
mod base64;
mod record;

use std::io::{self, Write};
use std::ops::ControlFlow;

use data_encoding::BASE64;

use super::delivery::{STANDARD_OUTPUT, refuse_run, tell_status};
use super::error::RunError;
use super::files::{InputStream, OutputStream};
use super::in_order::{InOrder, Work};
use super::parameters;
use super::records::{Block, MAX_RECORD_BYTES, Records};
use super::session::Session;
use crate::cli::{Column, Columns, StreamArguments};
use answer::{Answerer, Lines};
use totp_adapter::exit_codes::ExitCodes;
use totp_adapter::operation::{Input, Operation};
use totp_adapter::picture::MAX_PICTURE_BYTES;
use totp_adapter::status::Status;

/// Answers to every record of standard input and gives the exit code.
#[must_use]
pub fn run(arguments: &StreamArguments) -> i32 {
    let threads = match start(arguments) {
        Ok(threads) => threads,
        Err(error) => return refuse_run(error, EXIT_CODES),
    };
    let streams = threads.wait(|| false);
    match &streams.error {
        None => EXIT_CODES.written(Status::Success),
        // A reader that leaves has seen what it wanted.
        Some(RunError::Write { error, .. }) if error.kind() == io::ErrorKind::BrokenPipe => {
            EXIT_CODES.written(Status::Success)
        }
        Some(error) => {
            tell_status(Status::Error, error.cause());
            EXIT_CODES.not_written()
        }
    }
}

const STANDARD_INPUT: &str = "standard input";
/// The statuses stand in the lines: the exit code tells only whether all lines could be read and written.
const EXIT_CODES: ExitCodes = ExitCodes::Unix;

/// Checks what is asked and starts to answer.
fn start(arguments: &StreamArguments) -> Result<InOrder<Answerer>, RunError> {
    parameters::leave_stdin(&arguments.request)?;
    let (operation, parameters) = parameters::resolve(&arguments.request, None)?;
    let (usual_columns, max_record_bytes) = usual_record(operation);
    let columns = arguments.way.columns.clone().unwrap_or(usual_columns);
    if operation.is_none() && !columns.contains(Column::Operation) {
        return Err(RunError::NoOperation(Operation::EXPECTED));
    }
    let is_of_picture = |column: &Column| matches!(column, Column::Id | Column::DocumentBase64);
    let has_picture = columns.as_slice().contains(&Column::DocumentBase64);
    if operation == Some(Operation::ReadQr) && !(has_picture && columns.as_slice().iter().all(is_of_picture)) {
        return Err(RunError::PictureColumn);
    }
    // A column for the operation may ask for any.
    let always_without = operation == Some(Operation::GenerateSecret) && !columns.contains(Column::Operation);
    if !columns.contains(Column::Document) && !always_without {
        return Err(RunError::NoDocumentColumn);
    }
    let end = if arguments.way.null { 0 } else { b'\n' };
    let input = InputStream::standard().map_err(|error| RunError::Read { what: STANDARD_INPUT, error })?;
    let output = OutputStream::standard().map_err(|error| RunError::Write { what: STANDARD_OUTPUT, error })?;
    let format = arguments.format.unwrap_or_default();
    let session = Session::new(&arguments.request, parameters);
    let answerer = Answerer { columns, operation, max_record_bytes, session, format };
    InOrder::start(answerer, Records::new(input, end), Sink { output, error: None }, arguments.way.jobs)
        .map_err(RunError::Threads)
}

/// What a record is where nothing is said, and the most bytes of one (contract 7.1, 9.5): a document, or a picture in Base64.
fn usual_record(operation: Option<Operation>) -> (Columns, usize) {
    match operation.and_then(Operation::input) {
        Some(Input::Picture) => (Columns::of_picture(), BASE64.encode_len(MAX_PICTURE_BYTES) + MAX_RECORD_BYTES),
        _ => (Columns::default(), MAX_RECORD_BYTES),
    }
}

/// What one thread has in hand.
pub struct StreamPortion {
    block: Block,
    lines: Lines,
    /// Why there is no block.
    error: Option<io::Error>,
}

/// Where the lines go, and what became of it.
pub struct Sink {
    output: OutputStream,
    error: Option<RunError>,
}

/// Blocks of records in, blocks of lines out.
impl Work for Answerer {
    type Source = Records<InputStream>;
    type Portion = StreamPortion;
    type Sink = Sink;

    fn portion(&self) -> StreamPortion {
        StreamPortion { block: Block::new(self.max_record_bytes), lines: Lines::new(), error: None }
    }

    fn take(&self, records: &mut Self::Source, portion: &mut StreamPortion) -> Option<()> {
        match records.take(&mut portion.block) {
            Ok(any) => any.then_some(()),
            Err(error) => {
                portion.error = Some(error);
                Some(())
            }
        }
    }

    fn work(&self, portion: &mut StreamPortion) {
        portion.lines.clear();
        if portion.error.is_none() {
            portion.block.records().for_each(|record| self.answer(record, &mut portion.lines));
        }
    }

    /// Writes the lines as soon as they are there: whoever has sent no more than this block waits for them.
    fn put(&self, sink: &mut Sink, portion: &mut StreamPortion) -> ControlFlow<()> {
        if sink.error.is_some() {
            return ControlFlow::Break(());
        }
        let written = if let Some(error) = portion.error.take() {
            Err(RunError::Read { what: STANDARD_INPUT, error })
        } else {
            self.settle(&mut portion.lines);
            let written = sink.output.write_all(portion.lines.bytes());
            written.map_err(|error| RunError::Write { what: STANDARD_OUTPUT, error })
        };
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                sink.error = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}
