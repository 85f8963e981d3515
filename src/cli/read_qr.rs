//! The command line of `read-qr` (contract section 9): the filter, `batch` and `stream` with another operation.

use clap::Args;

use super::{Files, FilterArguments, Form, Handling, Request, named};
use crate::key_uri_format::KeyUriFormat;
use crate::operation::Operation;

/// The options of `read-qr`, as they were given.
#[derive(Debug, Args)]
#[command(about = "Read the secret from a picture of its QR code")]
pub(super) struct ReadQrArguments {
    #[command(flatten)]
    form: FormArguments,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    handling: Handling,
}

/// What is to be known of a key URI.
#[derive(Debug, Args)]
pub(super) struct FormArguments {
    /// What to give of the key URI in the code: see below [default: secret]
    #[arg(long, value_name = "FORM", value_parser = named::<KeyUriFormat, _>(KeyUriFormat::ALL.map(KeyUriFormat::name)))]
    format: Option<KeyUriFormat>,
}

pub(super) const AFTER_HELP: &str = "\
The picture is PNG, JPEG, GIF, BMP or WebP, at most 24 MB and 50 megapixels. Other QR codes in it do not matter; two with
keys are an error.

Format
  secret      <Secret>…</Secret>, which every operation takes
  uri         <KeyURI>otpauth://…</KeyURI>
  parameters  <Parameters>…</Parameters>: issuer, account, algorithm, digits and period, for --parameters

A file of --output that exists is not replaced without --overwrite: it may have the only copy of a secret.

Examples:
  totp-adapter read-qr < screenshot.png > secret.xml
  totp-adapter read-qr --input screenshot.png --output secret.xml
  totp-adapter read-qr --format parameters --input screenshot.png --output parameters.xml
  totp-adapter --operation GenerateAuthenticatorQRCode --parameters parameters.xml < secret.xml > qr.png";

impl FormArguments {
    /// What is asked.
    pub(super) fn request(&self) -> Request {
        Request { operation: Some(Operation::ReadQr), key_uri_format: self.format, ..Request::default() }
    }
}

impl From<ReadQrArguments> for FilterArguments {
    fn from(ReadQrArguments { form, files, handling }: ReadQrArguments) -> Self {
        Self { request: form.request(), files, handling, form: Form::default() }
    }
}
