//! The work of the threads of a run: inputs in, lines of the report out.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::inputs::{Inputs, Item, Task};
use super::interruption::Interruption;
use super::name::{Claims, Name};
use super::outputs::{self, Answer, Outputs};
use super::progress::Tally;
use super::report::{Line, Report};
use crate::operation::{Input, Operation};
use crate::transport::in_order;

/// How many documents a thread takes at once, so that threads seldom wait for each other.
const DOCUMENTS: usize = 32;
/// How many pictures: each keeps a thread busy for long enough.
const PICTURES: usize = 1;

/// What all threads know.
pub struct Work {
    /// How a document is worked on.
    pub outputs: Outputs,
    /// The numbers for the bar.
    pub tally: Arc<Tally>,
    /// Whether to end.
    pub interruption: Interruption,
}

/// The inputs that are still to come, and the names of those that have been.
pub struct Source {
    inputs: Inputs,
    claims: Claims,
    number: u64,
}

/// What one thread has in hand.
pub struct Portion {
    jobs: Vec<Job>,
    lines: Vec<Line>,
    others: u64,
    buffer: Zeroizing<Vec<u8>>,
}

/// What is to be done with one input. The number is that of no other.
enum Job {
    Answer {
        task: Task,
        number: u64,
    },
    Fail {
        input: PathBuf,
        name: Name,
        description: String,
        number: u64,
    },
    /// Its answer is known, and nothing is to be written.
    Known {
        input: PathBuf,
        answer: Answer,
    },
}

impl Source {
    /// Nothing has been taken yet.
    pub fn new(inputs: Inputs) -> Self {
        Self { inputs, claims: Claims::default(), number: 0 }
    }

    /// Names are claimed here, where the inputs are in order: the first one gets it.
    fn job(&mut self, item: Item) -> Option<Job> {
        self.number += 1;
        let number = self.number;
        Some(match item {
            Item::Task(task) if self.claims.claim(&task.name) => Job::Answer { task, number },
            Item::Task(task) => Job::Known { input: task.input.unwrap_or_default(), answer: Answer::claimed() },
            // A folder claims no name: the document beside it that is called alike has an output.
            Item::Failed { input, name: Some(name), description } if !self.claims.contains(&name) => {
                Job::Fail { input, name, description, number }
            }
            Item::Failed { input, description, .. } => Job::Known { input, answer: Answer::failed(description) },
            Item::Skipped { input } => Job::Known { input, answer: Answer::failed_before() },
            Item::Other => return None,
        })
    }
}

impl in_order::Work for Work {
    type Source = Source;
    type Portion = Portion;
    type Sink = Report;

    fn portion(&self) -> Portion {
        Portion { jobs: Vec::new(), lines: Vec::new(), others: 0, buffer: outputs::buffer() }
    }

    fn take(&self, source: &mut Source, portion: &mut Portion) -> Option<()> {
        portion.jobs.clear();
        portion.others = 0;
        let at_once = match self.outputs.operation.input() {
            Some(Input::Picture) => PICTURES,
            Some(Input::Document(_)) | None => DOCUMENTS,
        };
        while portion.jobs.len() < at_once && !self.interruption.is_asked_for() {
            let Some(item) = source.inputs.next() else { break };
            match source.job(item) {
                Some(job) => portion.jobs.push(job),
                None => portion.others += 1,
            }
            if !source.inputs.is_at_hand() {
                break;
            }
        }
        (portion.others > 0 || !portion.jobs.is_empty()).then_some(())
    }

    fn work(&self, portion: &mut Portion) {
        portion.lines.clear();
        for job in portion.jobs.drain(..) {
            // What has not been begun is left to the next run.
            if self.interruption.is_asked_for() {
                break;
            }
            portion.lines.push(self.line(job, &mut portion.buffer));
        }
    }

    fn put(&self, report: &mut Report, portion: &mut Portion) -> ControlFlow<()> {
        report.counts.others += portion.others;
        portion.lines.iter().for_each(|line| report.add(line));
        self.tally.set(&report.counts);
        ControlFlow::Continue(())
    }
}

impl Work {
    fn line(&self, job: Job, buffer: &mut Zeroizing<Vec<u8>>) -> Line {
        match job {
            Job::Answer { task, number } => {
                let answer = self.outputs.answer(&task, number, buffer);
                let [issuer, account] = &self.outputs.names;
                let names = [task.issuer.or_else(|| issuer.clone()), task.account.or_else(|| account.clone())];
                // Of a new secret the report says where it is, for those who read it.
                let input = match self.outputs.operation {
                    Operation::GenerateSecret => self.outputs.place(&task.name),
                    Operation::GeneratePassword
                    | Operation::VerifyPassword
                    | Operation::GenerateAuthenticatorQRCode
                    | Operation::ReadQr
                    | Operation::Unlock => task.input.unwrap_or_default(),
                };
                Line { input, answer, names }
            }
            Job::Fail { input, name, description, number } => {
                Line { input, answer: self.outputs.fail(&name, number, &description), names: [None, None] }
            }
            Job::Known { input, answer } => Line { input, answer, names: [None, None] },
        }
    }
}
