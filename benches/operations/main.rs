//! What the operations and their stages take inside the process, without its start, its streams and its clock (for
//! these see `processes.py`), and what other crates take for the same (`peers`). `in_process.py` makes a table of both
//! and of libraries in C (`libraries.c`). The documents are the contract's usual ones with RFC 6238's key.
//!
//! ```sh
//! cargo bench --bench operations                  # all
//! cargo bench --bench operations -- verify        # what has this in its name
//! ```
//!
//! Inputs pass through `black_box`, so that nothing is computed at compile time. Results are dropped inside what is
//! measured, since to wipe them is part of the work.
//!
//! The harness is divan: it gives medians, subtracts its own overhead and brings 16 packages without its default
//! features; criterion brings 45 and mainly adds a comparison with the run before.

mod peers;

use std::hint::black_box;

use divan::Bencher;
use totp_adapter::otp::{CodeParameters, Digits, Label, Password, Secret, Skew, Symbol, UnixTime, image, key_uri};
use totp_adapter::xml::{Document, MAX_DOCUMENT_BYTES, read_secret, read_totp};
use totp_adapter::{Adapter, Operation, Parameters, Status};

fn main() {
    divan::main();
}

/// Times of which a figure is the median.
const SAMPLES: u32 = 200;
/// Runs that each of them covers: one of 100 ns is too short for a clock that ticks every 20.
const RUNS: u32 = 64;

const BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const SECRET: &[u8] = b"<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>";
const TOTP: &[u8] = b"<TOTP><Password>081804</Password><Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret></TOTP>";
/// RFC 6238, appendix B: the time of the row with the code 07081804.
const TIME: UnixTime = UnixTime(1_111_111_109);
const ISSUER: &str = "SoftProject GmbH";
const ACCOUNT: &str = "john.doe@example.org";
/// The length of the key URI that these make.
const URI_BYTES: usize = 122;

fn secret() -> Secret {
    Secret::from_base32(BASE32).expect("RFC 6238's key")
}

fn label() -> Label<'static> {
    Label::new(Some(ISSUER.as_bytes()), Some(ACCOUNT.as_bytes())).expect("visible names")
}

/// The key URI of the QR code.
fn uri() -> String {
    let uri = key_uri(&secret(), &label(), CodeParameters::default());
    assert_eq!(uri.len(), URI_BYTES);
    uri.to_string()
}

/// From the bytes that come in to the bytes that go out, as a filter process or a record of a stream has it.
#[divan::bench_group(sample_count = SAMPLES, sample_size = RUNS)]
mod operation {
    use super::{
        ACCOUNT, Adapter, Bencher, ISSUER, Operation, Parameters, SECRET, Secret, Status, TIME, TOTP, black_box,
    };

    fn respond(bencher: Bencher, operation: Operation, input: &[u8]) {
        let parameters =
            Parameters { issuer: Some(ISSUER.into()), account: Some(ACCOUNT.into()), ..Parameters::default() };
        let mut entropy = |bytes: &mut [u8; Secret::GENERATED_BYTES]| {
            bytes.fill(black_box(0x5a));
            Ok(())
        };
        let mut adapter = Adapter::new(Some(TIME), &mut entropy);
        assert_eq!(adapter.respond(operation, &parameters, input).status, Status::Success);
        bencher.bench_local(|| {
            let reply = adapter.respond(black_box(operation), black_box(&parameters), black_box(input));
            drop(black_box(reply.body.into_bytes()));
        });
    }

    /// Without the system call for entropy: Base32 of 20 bytes and the document.
    #[divan::bench]
    fn generate_secret(bencher: Bencher) {
        respond(bencher, Operation::GenerateSecret, b"");
    }

    #[divan::bench]
    fn generate_password(bencher: Bencher) {
        respond(bencher, Operation::GeneratePassword, SECRET);
    }

    /// A match, which takes as long as a mismatch: three codes.
    #[divan::bench]
    fn verify_password(bencher: Bencher) {
        respond(bencher, Operation::VerifyPassword, TOTP);
    }

    /// With the picture.
    #[divan::bench]
    fn generate_authenticator_qr_code(bencher: Bencher) {
        respond(bencher, Operation::GenerateAuthenticatorQRCode, SECRET);
    }
}

/// Bytes to texts: decoding, every check of well-formedness, structure.
#[divan::bench_group(sample_count = SAMPLES, sample_size = RUNS)]
mod read {
    use super::{Bencher, Document, SECRET, TOTP, black_box, read_secret, read_totp};

    #[divan::bench]
    fn secret(bencher: Bencher) {
        bencher.bench_local(|| {
            let document = Document::decode(black_box(SECRET)).expect("UTF-8");
            drop(black_box(read_secret(&document).expect("well-formed")));
        });
    }

    #[divan::bench]
    fn totp(bencher: Bencher) {
        bencher.bench_local(|| {
            let document = Document::decode(black_box(TOTP)).expect("UTF-8");
            drop(black_box(read_totp(&document).expect("well-formed")));
        });
    }

    /// The same in UTF-16, which is decoded into a buffer of its own.
    #[divan::bench]
    fn totp_utf_16(bencher: Bencher) {
        let text = std::str::from_utf8(TOTP).expect("ASCII");
        let bytes: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        bencher.bench_local(|| {
            let document = Document::decode(black_box(&bytes)).expect("UTF-16");
            drop(black_box(read_totp(&document).expect("well-formed")));
        });
    }
}

/// The domain, without documents.
#[divan::bench_group(sample_count = SAMPLES, sample_size = RUNS)]
mod otp {
    use super::{
        BASE32, Bencher, CodeParameters, Digits, Password, Secret, Skew, Symbol, TIME, URI_BYTES, black_box, image,
        key_uri, label, secret,
    };

    /// 32 characters.
    #[divan::bench]
    fn secret_from_base32(bencher: Bencher) {
        bencher.bench_local(|| drop(black_box(Secret::from_base32(black_box(BASE32)).expect("Base32"))));
    }

    /// One HMAC-SHA-1 with its key schedule, and the digits.
    #[divan::bench]
    fn password_generate(bencher: Bencher) {
        let secret = secret();
        bencher.bench_local(|| {
            drop(black_box(Password::generate(black_box(&secret), CodeParameters::default(), black_box(TIME))));
        });
    }

    /// Three codes, none of which matches.
    #[divan::bench]
    fn password_verify(bencher: Bencher) {
        let secret = secret();
        let password = Password::parse("000000", Digits::Six).expect("six digits");
        bencher.bench_local(|| {
            black_box(&password).matching_step(
                black_box(&secret),
                CodeParameters::default(),
                black_box(Skew::default()),
                black_box(TIME),
            )
        });
    }

    /// Without the check of the names.
    #[divan::bench]
    fn key_uri_of_a_label(bencher: Bencher) {
        let (secret, label) = (secret(), label());
        bencher.bench_local(|| {
            drop(black_box(key_uri(black_box(&secret), black_box(&label), CodeParameters::default())));
        });
    }

    /// Version and level, codewords, placement and the choice of the mask.
    #[divan::bench]
    fn symbol_encode(bencher: Bencher) {
        let uri = key_uri(&secret(), &label(), CodeParameters::default());
        assert_eq!(uri.len(), URI_BYTES);
        bencher.bench_local(|| drop(black_box(Symbol::encode(black_box(uri.as_bytes())).expect("short enough"))));
    }

    /// 512x512 pixels drawn, compressed and framed.
    #[divan::bench]
    fn image_png(bencher: Bencher) {
        let uri = key_uri(&secret(), &label(), CodeParameters::default());
        let symbol = Symbol::encode(uri.as_bytes()).expect("short enough");
        bencher.bench_local(|| drop(black_box(image::png(black_box(&symbol)))));
    }
}

/// The largest documents, 64 KiB: what one request can cost at most.
mod largest {
    use super::{Bencher, Document, MAX_DOCUMENT_BYTES, black_box, read_secret};

    fn read(bencher: Bencher, before: &str, piece: &str, after: &str) {
        let pieces = (MAX_DOCUMENT_BYTES - before.len() - after.len()) / piece.len();
        let input = format!("{before}{}{after}", piece.repeat(pieces)).into_bytes();
        bencher.bench_local(|| {
            let document = Document::decode(black_box(&input)).expect("UTF-8");
            drop(black_box(read_secret(&document)));
        });
    }

    #[divan::bench]
    fn text(bencher: Bencher) {
        read(bencher, "<Secret>", "GEZDGNBV", "</Secret>");
    }

    #[divan::bench]
    fn references(bencher: Bencher) {
        read(bencher, "<Secret>", "&#65;", "</Secret>");
    }

    #[divan::bench]
    fn comments(bencher: Bencher) {
        read(bencher, "<Secret>", "<!---->", "</Secret>");
    }

    #[divan::bench]
    fn cdata_sections(bencher: Bencher) {
        read(bencher, "<Secret>", "<![CDATA[A]]>", "</Secret>");
    }

    /// Refused: they are elements where text is expected, but only after the rest has been found well-formed.
    #[divan::bench]
    fn elements(bencher: Bencher) {
        read(bencher, "<Secret>", "<a/>", "</Secret>");
    }

    /// As many declarations of prefixes as attributes that use one.
    #[divan::bench]
    fn namespaces(bencher: Bencher) {
        let mut tag = String::from("<Secret");
        for number in 0.. {
            let pair = format!(" xmlns:p{number}='u' p{number}:a{number}=''");
            if tag.len() + pair.len() > MAX_DOCUMENT_BYTES - ">A</Secret>".len() {
                break;
            }
            tag.push_str(&pair);
        }
        tag.push_str(">A</Secret>");
        read(bencher, &tag, " ", "");
    }
}
