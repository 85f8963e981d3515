//! The command line of `read-qr` (contract section 9): the filter, `batch` and `stream` with another operation.

use clap::Args;

use super::{Files, FilterArguments, Handling, Request, named};
use crate::key_uri_format::KeyUriFormat;
use crate::operation::Operation;

/// The options of `read-qr`, as they were given.
#[derive(Debug, Args)]
#[command(about = "Read the secret from a picture of its QR code")]
pub(super) struct ReadQrArguments {
    #[command(flatten)]
    form: FormatArguments,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    handling: Handling,
}

/// What is to be known of a key URI.
#[derive(Debug, Args)]
pub(super) struct FormatArguments {
    /// What to output: see below [default: secret]
    #[arg(long, value_name = "FORMAT", value_parser = named::<KeyUriFormat, _>(KeyUriFormat::ALL.map(KeyUriFormat::name)))]
    format: Option<KeyUriFormat>,
}

pub(super) const AFTER_HELP: &str = "\
The picture is a PNG, JPEG, GIF, BMP or WebP file of at most 24 MB and 50 megapixels. Other QR codes in it are ignored;
two with keys are an error.

Format
  secret      <Secret>…</Secret>, which every operation takes
  uri         <KeyURI>otpauth://…</KeyURI>
  parameters  <Parameters>…</Parameters>: issuer, account, algorithm, digits and period, for --parameters

An existing file is not replaced without --overwrite: it may hold the only copy of a secret.

Examples:
  totp-adapter read-qr < screenshot.png > secret.xml
  totp-adapter read-qr --input screenshot.png --output secret.xml
  totp-adapter read-qr --format parameters --input screenshot.png --output parameters.xml
  totp-adapter --operation GenerateAuthenticatorQRCode --parameters parameters.xml < secret.xml > qr.png";

impl FormatArguments {
    /// What is asked.
    pub(super) fn request(&self) -> Request {
        Request { operation: Some(Operation::ReadQr), key_uri_format: self.format, ..Request::default() }
    }
}

impl From<ReadQrArguments> for FilterArguments {
    fn from(ReadQrArguments { form, files, handling }: ReadQrArguments) -> Self {
        Self { request: form.request(), files, handling, base64: false, format: None }
    }
}
