//! What other crates take for the same, beside which `in_process.py` puts ours: each as its documentation shows it.

use std::hint::black_box;
use std::io::Cursor;

use divan::Bencher;
use fast_qr::{ECL, Mode, QRBuilder};
use image::{GrayImage, ImageFormat, Luma};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::{EcLevel, QrCode};
use qrcodegen::{QrCodeEcc, QrSegment, Version};
use serde::Deserialize;
use totp_adapter::otp::{Symbol, image::png};
use totp_rs::{Builder, Totp};

use super::{ACCOUNT, ISSUER, RUNS, SAMPLES, SECRET, TIME, TOTP, uri};

/// Runs that a sample covers where one of them takes a tenth of a millisecond or more.
const FEW_RUNS: u32 = 4;
/// Pixels along one side of a picture at most, which is what ours has.
const PIXELS: u32 = 512;
/// Modules along one side of the symbol that all of these draw: version 6, as ours.
const MODULES: usize = 41;
/// RFC 6238's key, and no code of it around that time.
const KEY: [u8; 20] = *b"12345678901234567890";
const WRONG: &str = "000000";
/// RFC 3986, section 2.3: what needs no encoding.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Deserialize)]
struct SecretDocument {
    #[serde(rename = "$text")]
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TotpDocument {
    password: String,
    secret: String,
}

/// The whole operation, XML in and PNG out, of quick-xml, totp-rs, percent-encoding, qrcode and image.
#[divan::bench(sample_count = SAMPLES, sample_size = FEW_RUNS)]
fn generate_authenticator_qr_code(bencher: Bencher) {
    fn picture(document: &[u8], issuer: &str, account: &str) -> Vec<u8> {
        let secret: SecretDocument = quick_xml::de::from_reader(document).expect("well-formed");
        let secret = totp_rs::Secret::try_from_base32(secret.text).expect("Base32");
        let symbol = QrCode::with_error_correction_level(uri_of(&secret, issuer, account), EcLevel::L);
        let symbol = symbol.expect("short enough");
        file(&symbol.render::<Luma<u8>>().max_dimensions(PIXELS, PIXELS).build())
    }

    bencher.bench_local(|| picture(black_box(SECRET), black_box(ISSUER), black_box(ACCOUNT)));
}

/// quick-xml with serde.
#[divan::bench(sample_count = SAMPLES, sample_size = RUNS)]
fn read_secret(bencher: Bencher) {
    bencher
        .bench_local(|| quick_xml::de::from_reader::<_, SecretDocument>(black_box(SECRET)).expect("well-formed").text);
}

/// quick-xml with serde.
#[divan::bench(sample_count = SAMPLES, sample_size = RUNS)]
fn read_totp(bencher: Bencher) {
    bencher.bench_local(|| {
        let totp: TotpDocument = quick_xml::de::from_reader(black_box(TOTP)).expect("well-formed");
        (totp.password, totp.secret)
    });
}

/// totp-rs: from the key to the text of the password.
#[divan::bench(sample_count = SAMPLES, sample_size = RUNS)]
fn password_generate(bencher: Bencher) {
    bencher.bench_local(|| totp(black_box(KEY)).generate(black_box(TIME.0)).to_string());
}

/// totp-rs: from the key to the refusal, one step to either side accepted.
#[divan::bench(sample_count = SAMPLES, sample_size = RUNS)]
fn password_verify(bencher: Bencher) {
    assert_eq!(totp(KEY).check(WRONG, TIME.0), None);
    bencher.bench_local(|| totp(black_box(KEY)).check(black_box(WRONG), black_box(TIME.0)));
}

/// `format!` with totp-rs and percent-encoding.
#[divan::bench(sample_count = SAMPLES, sample_size = RUNS)]
fn key_uri(bencher: Bencher) {
    let secret = totp_rs::Secret::from(KEY);
    assert_eq!(uri_of(&secret, ISSUER, ACCOUNT), uri());
    bencher.bench_local(|| uri_of(black_box(&secret), black_box(ISSUER), black_box(ACCOUNT)));
}

/// qrcode as it comes, which mixes modes where that is shorter.
#[divan::bench(sample_count = SAMPLES, sample_size = FEW_RUNS)]
fn symbol_qrcode(bencher: Bencher) {
    let uri = uri();
    let symbol = || QrCode::with_error_correction_level(black_box(&uri), EcLevel::L).expect("short enough");
    assert_eq!(symbol().width(), MODULES);
    bencher.bench_local(symbol);
}

/// fast_qr, in byte mode.
#[divan::bench(sample_count = SAMPLES, sample_size = FEW_RUNS)]
fn symbol_fast_qr(bencher: Bencher) {
    let uri = uri();
    let symbol = || QRBuilder::new(black_box(uri.as_str())).mode(Mode::Byte).ecl(ECL::L).build().expect("short enough");
    assert_eq!(symbol().size, MODULES);
    bencher.bench_local(symbol);
}

/// qrcodegen, in byte mode.
#[divan::bench(sample_count = SAMPLES, sample_size = FEW_RUNS)]
fn symbol_qrcodegen(bencher: Bencher) {
    let uri = uri();
    let symbol = || {
        let segment = QrSegment::make_bytes(black_box(uri.as_bytes()));
        let (first, last) = (Version::MIN, Version::MAX);
        qrcodegen::QrCode::encode_segments_advanced(&[segment], QrCodeEcc::Low, first, last, None, true)
            .expect("short enough")
    };
    assert_eq!(usize::try_from(symbol().size()), Ok(MODULES));
    bencher.bench_local(symbol);
}

/// image: our picture, drawn already, in one byte a pixel.
#[divan::bench(sample_count = SAMPLES, sample_size = FEW_RUNS)]
fn image_png(bencher: Bencher) {
    let picture = png(&Symbol::encode(uri().as_bytes()).expect("short enough"));
    let picture = image::load_from_memory(&picture).expect("a PNG").into_luma8();
    assert_eq!(picture.dimensions(), (PIXELS, PIXELS));
    bencher.bench_local(|| file(black_box(&picture)));
}

/// The key URI as most programs make it.
fn uri_of(secret: &totp_rs::Secret, issuer: &str, account: &str) -> String {
    let encoded = |name| utf8_percent_encode(name, RESERVED);
    let (issuer, account, secret) = (encoded(issuer), encoded(account), secret.to_base32());
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}")
}

/// A key with RFC 6238's defaults, as the documentation of totp-rs makes it.
fn totp(key: [u8; 20]) -> Totp {
    Builder::new().with_secret(key).build().expect("20 bytes are enough")
}

/// A PNG as image writes it unless it is told otherwise.
fn file(picture: &GrayImage) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).expect("an image of one byte a pixel");
    file.into_inner()
}
