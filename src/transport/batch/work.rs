//! The work of the threads of a run: inputs in, lines of the report out.

use std::ops::ControlFlow;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::inputs::{BatchInput, Inputs};
use super::interruption::Interruption;
use super::name::{Claims, Name, NameError};
use super::outputs::{self, Outputs};
use super::progress::Tally;
use super::report::{Report, ReportLine};
use crate::transport::in_order;
use totp_adapter::operation;

/// How many documents a thread takes at once, so that threads seldom wait for each other.
const DOCUMENTS: usize = 32;
/// How many pictures: each keeps a thread busy for long enough.
const PICTURES: usize = 1;

/// What all threads know.
pub struct BatchWork {
    /// How a document is worked on.
    pub outputs: Outputs,
    /// The numbers for the bar.
    pub tally: Arc<Tally>,
    /// Whether to end.
    pub interruption: Interruption,
}

/// The inputs that are still to come, and the names of those that have been.
pub struct BatchSource {
    inputs: Inputs,
    claims: Claims,
}

/// What one thread has in hand.
pub struct BatchPortion {
    /// Inputs, and what their outputs are called, also one that only says what was wrong.
    inputs: Vec<(BatchInput, Option<Name>)>,
    lines: Vec<ReportLine>,
    others: u64,
    buffer: Zeroizing<Vec<u8>>,
}

impl BatchSource {
    /// Nothing has been taken yet.
    pub fn new(inputs: Inputs) -> Self {
        Self { inputs, claims: Claims::default() }
    }

    /// Names are claimed here, where the inputs are in order: the first one gets it.
    fn name(&mut self, input: &mut BatchInput) -> Option<Name> {
        let output = input.output.as_deref().filter(|_| !input.has_failed)?;
        if input.wrong.is_some() {
            // A folder claims no name: the document beside it that is called alike has an output.
            return self.inputs.name_of_wrong(output).filter(|name| !self.claims.contains(name));
        }
        let name = self.inputs.name(output);
        let claimed = name.and_then(|name| if self.claims.claim(&name) { Ok(name) } else { Err(NameError::Claimed) });
        claimed.map_err(|error| input.wrong = Some(error.to_string())).ok()
    }
}

impl in_order::Work for BatchWork {
    type Source = BatchSource;
    type Portion = BatchPortion;
    type Sink = Report;

    fn portion(&self) -> BatchPortion {
        BatchPortion { inputs: Vec::new(), lines: Vec::new(), others: 0, buffer: outputs::buffer() }
    }

    fn take(&self, source: &mut BatchSource, portion: &mut BatchPortion) -> Option<()> {
        portion.inputs.clear();
        portion.others = 0;
        let at_once = match self.outputs.operation.input() {
            Some(operation::Input::Picture) => PICTURES,
            _ => DOCUMENTS,
        };
        while portion.inputs.len() < at_once && !self.interruption.is_asked_for() {
            match source.inputs.next() {
                Some(Some(mut input)) => {
                    let name = source.name(&mut input);
                    portion.inputs.push((input, name));
                }
                Some(None) => portion.others += 1,
                None => break,
            }
            if !source.inputs.is_at_hand() {
                break;
            }
        }
        (portion.others > 0 || !portion.inputs.is_empty()).then_some(())
    }

    fn work(&self, portion: &mut BatchPortion) {
        // What has not been begun is left to the next run.
        let inputs = portion.inputs.drain(..).take_while(|_| !self.interruption.is_asked_for());
        portion.lines.clear();
        portion.lines.extend(inputs.map(|(input, name)| self.outputs.line(input, name.as_ref(), &mut portion.buffer)));
    }

    fn put(&self, report: &mut Report, portion: &mut BatchPortion) -> ControlFlow<()> {
        report.counts.others += portion.others;
        portion.lines.iter().for_each(|line| report.add(line));
        self.tally.set(report.counts);
        ControlFlow::Continue(())
    }
}
