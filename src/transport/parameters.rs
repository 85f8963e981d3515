//! Operation and parameters from the command line and the parameters file (contract 5.1). The command line wins.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::fault::Fault;
use super::input::Source;
use crate::cli::FilterArguments;
use crate::operation::{Operation, Parameters};
use crate::otp::{Algorithm, CodeParameters, Digits, OutOfRange, Period, Skew};
use crate::xml::{self, Document, Parameter};

/// The operation and its parameters.
pub fn resolve(arguments: &FilterArguments) -> Result<(Operation, Parameters), Fault> {
    let file = match &arguments.files.parameters {
        Some(file) => FileParameters::read(file, arguments.input_timeout)?,
        None => FileParameters::default(),
    };
    let operation = arguments.operation.or(file.operation).ok_or(Fault::NoOperation(Operation::EXPECTED))?;
    let parameters = Parameters {
        issuer: arguments.issuer.clone().or(file.issuer),
        account: arguments.account.clone().or(file.account),
        code: CodeParameters {
            algorithm: arguments.algorithm.or(file.algorithm).unwrap_or_default(),
            digits: arguments.digits.or(file.digits).unwrap_or_default(),
            period: arguments.period.or(file.period).unwrap_or_default(),
        },
        skew: arguments.skew.or(file.skew).unwrap_or_default(),
    };
    Ok((operation, parameters))
}

/// What a parameters file says.
#[derive(Default)]
struct FileParameters {
    operation: Option<Operation>,
    issuer: Option<OsString>,
    account: Option<OsString>,
    algorithm: Option<Algorithm>,
    digits: Option<Digits>,
    period: Option<Period>,
    skew: Option<Skew>,
}

impl FileParameters {
    fn read(name: &Path, timeout: Option<Duration>) -> Result<Self, Fault> {
        let source = Source::of(Some(name));
        let bytes = source.read("a parameters file", timeout)?;
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
    fn name(&self, parameter: Parameter) -> Option<OsString> {
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
