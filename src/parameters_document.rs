//! What a `<Parameters>` document says (contract 5.1); it does not know where the document came from.

use std::str::FromStr;

use thiserror::Error;

use crate::operation::Operation;
use crate::otp::{Algorithm, Digits, OutOfRangeError, Period, Skew};
use crate::xml::{self, Document, Parameter, Position, ReadError};

/// The parameters in a document; those that it does not name are absent.
#[derive(Debug, Default)]
pub struct ParametersDocument {
    /// The operation.
    pub operation: Option<Operation>,
    /// Whom the account is with, in UTF-8 and as it stands.
    pub issuer: Option<Vec<u8>>,
    /// The account, in UTF-8 and as it stands.
    pub account: Option<Vec<u8>>,
    /// The hash function.
    pub algorithm: Option<Algorithm>,
    /// The number of digits.
    pub digits: Option<Digits>,
    /// The length of a step.
    pub period: Option<Period>,
    /// How many steps off a password may be.
    pub skew: Option<Skew>,
}

/// Why the parameters in a document cannot be used. It holds nothing of the document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParametersError {
    /// It is no such document.
    #[error(transparent)]
    Document(#[from] ReadError),
    /// A value is outside its range.
    #[error("expected {expected} for {parameter} at {at}")]
    Value {
        /// The name of the parameter.
        parameter: &'static str,
        /// The values that are accepted, in words.
        expected: &'static str,
        /// Where the value begins.
        at: Position,
    },
}

impl ParametersDocument {
    /// Reads the bytes of a document.
    ///
    /// # Errors
    ///
    /// [`ParametersError`] where it is no such document or a value is outside its range.
    pub fn read(bytes: &[u8]) -> Result<Self, ParametersError> {
        let document = Document::decode(bytes)?;
        let texts = Texts(xml::read_parameters(&document)?);
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

struct Texts<'a>(xml::ParameterTexts<'a>);

impl Texts<'_> {
    /// A display name as it stands.
    fn name(&self, parameter: Parameter) -> Option<Vec<u8>> {
        self.0.text(parameter).map(|text| text.as_str().into())
    }

    /// Any other value, trimmed.
    fn value<T: FromStr<Err = OutOfRangeError>>(&self, parameter: Parameter) -> Result<Option<T>, ParametersError> {
        let Some(text) = self.0.text(parameter) else { return Ok(None) };
        let outside = |OutOfRangeError { expected }| ParametersError::Value {
            parameter: parameter.name(),
            expected,
            at: text.start(),
        };
        text.trimmed().parse().map(Some).map_err(outside)
    }
}
