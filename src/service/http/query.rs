//! Queries, decoded as forms are (contract 10.7; WHATWG URL, section 5.1), but that what is broken there is an error here.

use std::borrow::Cow;
use std::str::FromStr;

use thiserror::Error;

use crate::account::AccountParameters;
use crate::operation::Parameters;
use crate::otp::{OutOfRangeError, Skew};
use crate::symbol_format::SymbolFormat;

/// Why a query cannot be followed. It holds nothing of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QueryError {
    /// A percent sign without two hexadecimal digits.
    #[error("wrong parameter: expected two hexadecimal digits after every % in the query")]
    Broken,
    /// A name that none of the parameters has.
    #[error("wrong parameter: expected only {expected} in the query")]
    Unknown {
        /// The names that there are.
        expected: &'static str,
    },
    /// A name that came before.
    #[error("wrong parameter: expected {name} once in the query")]
    Repeated { name: &'static str },
    /// A value outside its range.
    #[error("wrong parameter: expected {expected} for {name} in the query")]
    Value {
        name: &'static str,
        /// The values that are accepted, in words.
        expected: &'static str,
    },
    /// A skew beyond that of the configuration.
    #[error("wrong parameter: expected at most {most} for skew in the query, which the configuration allows")]
    Skew {
        /// The configuration's.
        most: u8,
    },
}

/// The values of a query by their names.
pub struct Values<'q, const N: usize> {
    names: [&'static str; N],
    values: [Option<Cow<'q, [u8]>>; N],
}

impl<'q, const N: usize> Values<'q, N> {
    /// Takes a query apart. Empty pairs do not count; a pair without `=` has an empty value.
    ///
    /// # Errors
    ///
    /// [`QueryError::Broken`], [`QueryError::Unknown`] or [`QueryError::Repeated`].
    pub fn parse(query: Option<&'q str>, names: [&'static str; N], expected: &'static str) -> Result<Self, QueryError> {
        let mut values = [const { None }; N];
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            let index = names.iter().position(|known| known.as_bytes() == &*name);
            let index = index.ok_or(QueryError::Unknown { expected })?;
            if values[index].replace(value).is_some() {
                return Err(QueryError::Repeated { name: names[index] });
            }
        }
        Ok(Self { names, values })
    }

    /// Takes the bytes of a value out.
    fn bytes(&mut self, name: &'static str) -> Option<Cow<'q, [u8]>> {
        let index = self.names.iter().position(|known| *known == name)?;
        self.values[index].take()
    }

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// [`QueryError::Value`] where it is outside its range.
    pub fn value<T: FromStr<Err = OutOfRangeError>>(&mut self, name: &'static str) -> Result<Option<T>, QueryError> {
        let Some(bytes) = self.bytes(name) else { return Ok(None) };
        // No value that is accepted has this character.
        let text = std::str::from_utf8(&bytes).unwrap_or("\u{fffd}");
        text.parse().map(Some).map_err(|OutOfRangeError { expected }| QueryError::Value { name, expected })
    }
}

/// `+` is a blank, and `%` begins a byte.
pub fn decoded(text: &str) -> Result<Cow<'_, [u8]>, QueryError> {
    if !text.bytes().any(|byte| matches!(byte, b'+' | b'%')) {
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (digits, after) = rest.split_first_chunk().ok_or(QueryError::Broken)?;
                rest = after;
                byte(*digits).ok_or(QueryError::Broken)?
            }
            other => other,
        });
    }
    Ok(Cow::Owned(bytes))
}

fn byte(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

const ISSUER: &str = "issuer";
const ACCOUNT: &str = "account";
const ALGORITHM: &str = "algorithm";
const DIGITS: &str = "digits";
const PERIOD: &str = "period";
const SKEW: &str = "skew";
const FORMAT: &str = "format";

/// The parameters of X4's operations (contract 11.1); `skew` is the most that may be asked for, and the default.
///
/// # Errors
///
/// [`QueryError`] where the query cannot be followed.
pub fn of_operation(query: Option<&str>, skew: Skew) -> Result<(Parameters, SymbolFormat), QueryError> {
    const NAMES: [&str; 7] = [ISSUER, ACCOUNT, ALGORITHM, DIGITS, PERIOD, SKEW, FORMAT];
    const EXPECTED: &str = "issuer, account, algorithm, digits, period, skew and format";
    let mut parameters = Parameters { skew, ..Parameters::default() };
    if query.is_none() {
        return Ok((parameters, SymbolFormat::default()));
    }
    let mut values = Values::parse(query, NAMES, EXPECTED)?;
    parameters.issuer = values.bytes(ISSUER).map(Cow::into_owned);
    parameters.account = values.bytes(ACCOUNT).map(Cow::into_owned);
    parameters.code.algorithm = values.value(ALGORITHM)?.unwrap_or_default();
    parameters.code.digits = values.value(DIGITS)?.unwrap_or_default();
    parameters.code.period = values.value(PERIOD)?.unwrap_or_default();
    let asked: Option<Skew> = values.value(SKEW)?;
    if asked.is_some_and(|asked| asked.steps() > skew.steps()) {
        return Err(QueryError::Skew { most: skew.steps() });
    }
    parameters.skew = asked.unwrap_or(skew);
    Ok((parameters, values.value(FORMAT)?.unwrap_or_default()))
}

/// How the QR code of an account is labelled and drawn (contract 11.3).
///
/// # Errors
///
/// [`QueryError`] where the query cannot be followed.
pub fn of_account_symbol(query: Option<&str>) -> Result<(AccountParameters, SymbolFormat), QueryError> {
    let mut values = Values::parse(query, [ISSUER, ACCOUNT, FORMAT], "issuer, account and format")?;
    let issuer = values.bytes(ISSUER).map(Cow::into_owned);
    let account = values.bytes(ACCOUNT).map(Cow::into_owned);
    let format = values.value(FORMAT)?.unwrap_or_default();
    Ok((AccountParameters { issuer, account, ..AccountParameters::default() }, format))
}

/// A query where none is asked for (contract 11.3).
///
/// # Errors
///
/// [`QueryError`] where it says anything.
pub fn of_nothing(query: Option<&str>) -> Result<(), QueryError> {
    Values::parse(query, [], "parameters of the account's files, and none").map(drop)
}

/// The parameters of `read-qr` (contract 11.2).
///
/// # Errors
///
/// [`QueryError`] where the query cannot be followed.
pub fn of_read_qr(query: Option<&str>) -> Result<Parameters, QueryError> {
    let mut values = Values::parse(query, [FORMAT], FORMAT)?;
    Ok(Parameters { key_uri_format: values.value(FORMAT)?.unwrap_or_default(), ..Parameters::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(query: &str) -> String {
        of_operation(Some(query), Skew::default()).map_or_else(|error| error.to_string(), |_| String::new())
    }

    // contract 10.7h
    #[test]
    fn queries_are_decoded_as_forms() {
        let read = |query| of_operation(Some(query), Skew::default()).unwrap();
        let (parameters, format) = read("issuer=A+%26%20B&account=%C3%A4%2B&&digits=8&%70eriod=60&format=svg&");
        assert_eq!(parameters.issuer.as_deref(), Some(&b"A & B"[..]));
        assert_eq!(parameters.account.as_deref(), Some("\u{e4}+".as_bytes()));
        assert_eq!((parameters.code.digits.count(), parameters.code.period.seconds()), (8, 60));
        assert_eq!((parameters.skew.steps(), format), (1, SymbolFormat::Svg));
        assert_eq!(read("issuer=a=b").0.issuer.as_deref(), Some(&b"a=b"[..]));
        assert_eq!(read("issuer").0.issuer.as_deref(), Some(&b""[..]));
        assert_eq!(read("").0, Parameters::default());
    }

    // contract 10.7h: nothing of the query is quoted.
    #[test]
    fn queries_that_cannot_be_followed() {
        let only =
            "wrong parameter: expected only issuer, account, algorithm, digits, period, skew and format in the query";
        for query in ["GEZDGNBV=1", "Issuer=a", "digits%00=6", "=6", "digits=6;period=30x"] {
            let expected = if query.starts_with("digits=") {
                "wrong parameter: expected 6, 7 or 8 for digits in the query"
            } else {
                only
            };
            assert_eq!(words(query), expected, "{query}");
        }
        for query in ["issuer=%", "issuer=%4", "issuer=%4x", "%zz=1", "issuer=%-1"] {
            assert!(words(query).contains("two hexadecimal digits"), "{query}");
        }
        assert_eq!(words("digits=6&digits=6"), "wrong parameter: expected digits once in the query");
        assert_eq!(words("skew=%32"), words("skew=2"));
        assert_eq!(
            words("skew=2"),
            "wrong parameter: expected at most 1 for skew in the query, which the configuration allows"
        );
        for (query, name) in [
            ("algorithm=sha1", "algorithm"),
            ("digits=9", "digits"),
            ("digits", "digits"),
            ("period=0", "period"),
            ("period=+30", "period"),
            ("skew=11", "skew"),
            ("format=pdf", "format"),
            ("digits=%ff", "digits"),
        ] {
            let words = words(query);
            assert!(words.starts_with("wrong parameter: expected ") && words.contains(name), "{query}: {words}");
        }
        assert_eq!(
            of_read_qr(Some("digits=6")).unwrap_err().to_string(),
            "wrong parameter: expected only format in the query"
        );
    }
}
