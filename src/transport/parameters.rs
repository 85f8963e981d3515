//! Operation and parameters from the command line and the parameters file (contract 5.1). The command line wins.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::fault::Fault;
use super::input::{Source, is_stdin};
#[cfg(feature = "state")]
use super::memory::Memory;
#[cfg(not(feature = "state"))]
use super::session::Memory;
use crate::cli::Request;
use crate::operation::{Operation, Parameters};
use crate::otp::{Algorithm, CodeParameters, Digits, OutOfRange, Period, Skew};
#[cfg(feature = "state")]
use crate::state::Policy;
use crate::xml::{self, Document, MAX_DOCUMENT_BYTES, Parameter};

/// The operation, if it is named anywhere, and its parameters. Reading the file may take no longer than the timeout.
pub fn resolve(request: &Request, timeout: Option<Duration>) -> Result<(Option<Operation>, Parameters), Fault> {
    let file = match &request.parameters {
        Some(file) => FileParameters::read(file, timeout)?,
        None => FileParameters::default(),
    };
    let bytes = |name: OsString| name.into_encoded_bytes();
    let parameters = Parameters {
        issuer: request.issuer.clone().map(bytes).or(file.issuer),
        account: request.account.clone().map(bytes).or(file.account),
        code: CodeParameters {
            algorithm: request.algorithm.or(file.algorithm).unwrap_or_default(),
            digits: request.digits.or(file.digits).unwrap_or_default(),
            period: request.period.or(file.period).unwrap_or_default(),
        },
        skew: request.skew.or(file.skew).unwrap_or_default(),
        key_uri_format: request.key_uri_format.unwrap_or_default(),
    };
    Ok((request.operation.or(file.operation), parameters))
}

/// Checks that the parameters file leaves standard input to what else is read from there.
pub fn leave_stdin(request: &Request) -> Result<(), Fault> {
    match &request.parameters {
        Some(file) if is_stdin(file) => Err(Fault::ParametersTakeInput),
        Some(_) | None => Ok(()),
    }
}

/// Who remembers used passwords, if that is asked for.
#[cfg(feature = "state")]
pub fn memory(request: &Request) -> Option<Memory> {
    let arguments = &request.memory;
    let policy = Policy {
        attempts: arguments.attempts.unwrap_or_default(),
        lock_after: arguments.lock_after.unwrap_or_default(),
        ..Policy::default()
    };
    arguments.state.clone().map(|location| Memory::new(location, policy))
}

/// Nobody.
#[cfg(not(feature = "state"))]
pub fn memory(_: &Request) -> Option<Memory> {
    None
}

/// The one operation and its parameters.
pub fn resolve_one(request: &Request, timeout: Option<Duration>) -> Result<(Operation, Parameters), Fault> {
    let (operation, parameters) = resolve(request, timeout)?;
    Ok((operation.ok_or(Fault::NoOperation(Operation::EXPECTED))?, parameters))
}

/// What a parameters file says.
#[derive(Default)]
struct FileParameters {
    operation: Option<Operation>,
    issuer: Option<Vec<u8>>,
    account: Option<Vec<u8>>,
    algorithm: Option<Algorithm>,
    digits: Option<Digits>,
    period: Option<Period>,
    skew: Option<Skew>,
}

impl FileParameters {
    fn read(name: &Path, timeout: Option<Duration>) -> Result<Self, Fault> {
        let source = Source::of(Some(name));
        let bytes = source.read("a parameters file", MAX_DOCUMENT_BYTES, timeout)?;
        let in_document = |error| Fault::ParametersDocument { file: name.to_owned(), error };
        let document = Document::decode(&bytes).map_err(in_document)?;
        let texts = Texts { file: name.to_owned(), texts: xml::read_parameters(&document).map_err(in_document)? };
        Ok(Self {
            operation: texts.value(Parameter::Operation)?,
            issuer: texts.name(Parameter::Issuer),
            account: texts.name(Parameter::Account),
            algorithm: texts.value(Parameter::Algorithm)?,
            digits: texts.value(Parameter::Digits)?,
            period: texts.value(Parameter::Period)?,
            skew: texts.value(Parameter::Skew)?,
        })
    }
}

/// The texts of a parameters file.
struct Texts<'a> {
    file: PathBuf,
    texts: xml::ParameterTexts<'a>,
}

impl Texts<'_> {
    /// A display name as it stands.
    fn name(&self, parameter: Parameter) -> Option<Vec<u8>> {
        self.texts.text(parameter).map(|text| text.as_str().into())
    }

    /// Any other value, trimmed.
    fn value<T: FromStr<Err = OutOfRange>>(&self, parameter: Parameter) -> Result<Option<T>, Fault> {
        let Some(text) = self.texts.text(parameter) else { return Ok(None) };
        text.trimmed().parse().map(Some).map_err(|OutOfRange { expected }| Fault::ParametersValue {
            file: self.file.clone(),
            parameter: parameter.name(),
            expected,
            at: text.start(),
        })
    }
}
