//! The command line of `read-qr` (contract section 9): the filter, `batch` and `stream` with another operation.

use clap::Args;

use super::{BulkRequest, DrawingArguments, Files, FilterArguments, Handling, Request, named};
use totp_adapter::key_uri_format::KeyUriFormat;
use totp_adapter::operation::Operation;

// The options of `read-qr`, as they were given, whichever way pictures come. Without a doc comment, which clap would take for
// the help of each of them.
#[derive(Debug, Args)]
pub(super) struct ReadQr<W: Args> {
    /// What to output: see below [default: secret]
    #[arg(long, value_name = "FORMAT", value_parser = named::<KeyUriFormat, _>(KeyUriFormat::ALL.map(KeyUriFormat::name)))]
    format: Option<KeyUriFormat>,
    #[command(flatten)]
    way: W,
}

/// One picture.
#[derive(Debug, Args)]
#[command(about = "Read the secret from a picture of its QR code")]
pub(super) struct Once {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    handling: Handling,
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

impl<W: Args> ReadQr<W> {
    /// What is asked, and of what.
    pub(super) fn asked(self) -> BulkRequest<W> {
        let request = Request { key_uri_format: self.format, ..Request::of(Operation::ReadQr) };
        BulkRequest { request, way: self.way, format: None }
    }
}

impl From<ReadQr<Once>> for FilterArguments {
    fn from(read_qr: ReadQr<Once>) -> Self {
        let BulkRequest { request, way: Once { files, handling }, .. } = read_qr.asked();
        Self { request, files, handling, drawing: DrawingArguments::default() }
    }
}
