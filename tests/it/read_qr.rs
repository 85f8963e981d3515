//! `read-qr` as a process: from a picture of a QR code back to the secret, one by one, in files and in lines.

use std::fs;
use std::io::Cursor;

use crate::common::{Folder, RFC_SECRET, RFC_TIME, Ran, fixtures, secret_document, totp_adapter};
use data_encoding::BASE64;
use image::{GrayImage, ImageFormat, Luma, imageops};
use insta::assert_snapshot;
use totp_adapter::{Operation, Status};

const NAMES: [&str; 4] = ["--issuer", "SoftProject GmbH", "--account", "john.doe@example.org"];

/// The program's picture of RFC 6238's key.
fn picture() -> Vec<u8> {
    drawn(&NAMES, secret_document().as_bytes())
}

fn drawn(options: &[&str], secret: &[u8]) -> Vec<u8> {
    let operation = ["--operation", "GenerateAuthenticatorQRCode"];
    totp_adapter(operation.iter().chain(options)).stdin(secret).run().output.stdout
}

/// A picture of the QR code of any text, as another program draws it.
fn picture_of(text: &str) -> Vec<u8> {
    png(&qrcode::QrCode::new(text).unwrap().render::<Luma<u8>>().build())
}

fn png(picture: &GrayImage) -> Vec<u8> {
    encoded(picture, ImageFormat::Png)
}

fn encoded(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn grey(picture: &[u8]) -> GrayImage {
    image::load_from_memory(picture).unwrap().into_luma8()
}

fn read_qr(arguments: &str, picture: &[u8]) -> Ran {
    totp_adapter(["read-qr"].into_iter().chain(arguments.split_whitespace())).stdin(picture).run()
}

/// What a picture is refused with.
fn refusal(picture: &[u8]) -> String {
    let ran = read_qr("", picture);
    assert_eq!(ran.code(), 2);
    let stderr = ran.stderr();
    let cause = stderr.strip_prefix("totp-adapter: status -1: ").unwrap().trim_end();
    assert!(ran.stdout().contains("<Error description=\""), "{}", ran.stdout());
    cause.to_owned()
}

// contract 9.1c, 4.6a
#[test]
fn the_documents_of_a_picture() {
    assert_eq!(read_qr("", &picture()).stdout(), format!("{}\n", secret_document()));
    assert_eq!(read_qr("--format secret", &picture()).stdout(), format!("{}\n", secret_document()));
    assert_snapshot!(read_qr("--format uri", &picture()).stdout(), @"<KeyURI>otpauth://totp/SoftProject%20GmbH:john.doe%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&amp;issuer=SoftProject%20GmbH</KeyURI>");
    assert_snapshot!(read_qr("--format parameters", &picture()).stdout(), @"<Parameters><issuer>SoftProject GmbH</issuer><account>john.doe@example.org</account><algorithm>SHA1</algorithm><digits>6</digits><period>30</period></Parameters>");
}

// contract 9.1a
#[test]
fn kinds_of_files() {
    let picture = grey(&picture());
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::WebP] {
        let file = match format {
            // These have no grey pixels.
            ImageFormat::Gif | ImageFormat::WebP => {
                let mut file = Cursor::new(Vec::new());
                image::DynamicImage::from(picture.clone()).into_rgba8().write_to(&mut file, format).unwrap();
                file.into_inner()
            }
            _ => encoded(&picture, format),
        };
        assert_eq!(read_qr("", &file).stdout(), format!("{}\n", secret_document()), "{format:?}");
    }
    // As it is where the file passed through a program that took it for text.
    let marked = [b"\xef\xbb\xbf", &encoded(&picture, ImageFormat::Png)[..]].concat();
    assert_eq!(read_qr("", &marked).stdout(), format!("{}\n", secret_document()));
}

// contract 9.1a, 4.5h, 4.6b: a code that is read and drawn again is the same code, over the whole corpus.
#[test]
fn reading_is_the_inverse_of_drawing() {
    let folder = Folder::empty();
    for fixture in fixtures(Operation::GenerateAuthenticatorQRCode) {
        if fixture.status != Status::Success {
            continue;
        }
        let parameters = fixture.parameters_file().unwrap();
        let drawn = drawn(&["--parameters", parameters.to_str().unwrap()], &fixture.bytes());
        let secret = read_qr("", &drawn);
        assert_eq!((secret.stderr().as_str(), secret.code()), ("", 0), "{}", fixture.name);
        folder.write("parameters.xml", read_qr("--format parameters", &drawn).stdout());
        let again = totp_adapter(["--operation", "GenerateAuthenticatorQRCode", "--parameters", "parameters.xml"]);
        let again = again.folder(folder.path()).stdin(secret.output.stdout).run();
        assert!(again.output.stdout == drawn, "{}: {}", fixture.name, again.stderr());
    }
}

// contract 9.2a, 9.2b
#[test]
fn several_codes_in_a_picture() {
    let beside = |left: &[u8], right: &[u8]| {
        let (left, right) = (grey(left), grey(right));
        let (width, height) = (left.width() + right.width(), left.height().max(right.height()));
        let mut both = GrayImage::from_pixel(width, height, Luma([255]));
        imageops::replace(&mut both, &left, 0, 0);
        imageops::replace(&mut both, &right, left.width().into(), 0);
        both
    };
    let site = picture_of("https://example.org/");
    assert_eq!(read_qr("", &png(&beside(&picture(), &site))).stdout(), format!("{}\n", secret_document()));
    assert_eq!(read_qr("", &png(&beside(&picture(), &picture()))).code(), 0);
    let other = drawn(&["--account", "jane"], secret_document().as_bytes());
    assert_snapshot!(refusal(&png(&beside(&picture(), &other))), @"several key URIs: expected one in the picture, found 2");
    let mut inverted = grey(&other);
    imageops::invert(&mut inverted);
    assert_snapshot!(refusal(&png(&beside(&picture(), &png(&inverted)))), @"several key URIs: expected one in the picture, found 2");
}

// contract 9.1c, 9.2a, 4.5k, 4.5n
#[test]
fn refusals() {
    let uri = |uri: &str| refusal(&picture_of(uri));
    assert_snapshot!(refusal(b""), @"not a picture: expected a PNG, JPEG, GIF, BMP or WebP file");
    assert_snapshot!(refusal(b"<Secret>GEZDGNBV</Secret>"), @"not a picture: expected a PNG, JPEG, GIF, BMP or WebP file");
    assert_snapshot!(refusal(&picture()[..500]), @"damaged picture: the PNG file is incomplete or invalid");
    assert_snapshot!(refusal(&png(&GrayImage::from_pixel(400, 300, Luma([200])))), @"no QR code: the picture has none that can be read");
    assert_snapshot!(uri("https://example.org/"), @"no key URI: the QR code in the picture has no otpauth URI");
    assert_snapshot!(uri("otpauth://hotp/me?secret=GEZDGNBV&counter=1"), @"unusable key URI: the type is hotp, and codes that depend on a counter are not supported");
    assert_snapshot!(uri("otpauth://totp/me?secret=1"), @"unusable key URI: expected Base32 (the letters A to Z, the digits 2 to 7), found another character in the parameter secret");
    assert_snapshot!(uri("otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8"), @"unusable key URI: this is an export of Google Authenticator; use the code of the single account, which the service shows when the app is set up");
    assert_snapshot!(uri("otpauth://totp/Steam:me?secret=GEZDGNBV&issuer=Steam"), @"unusable key URI: the key is for Steam Guard, whose codes are not those of RFC 6238; use an app that makes them");
    assert_snapshot!(uri("otpauth://totp/me?secret=GEZDGNBV&2step_salt=8&2step_output=20&2step_difficulty=10000"), @"unusable key URI: the key is for a two-step enrolment, to which the phone adds a part; enrol again without the second step");
    assert_snapshot!(uri("otpauth://totp/me?secret=GEZDGNBV?digits=8"), @"unusable key URI: expected ? before the first parameter and & before each of the others, found another character there; ask the service for a correct code");
    assert_snapshot!(uri("otpauth://yaotp/me?secret=GEZDGNBV"), @"unusable key URI: expected the type totp after otpauth://");
}

// contract 9.1e, 5.2g: the file that may have the only copy of a secret stays.
#[test]
fn an_output_that_exists() {
    let folder = Folder::new();
    folder.write("qr.png", picture());
    let run = |arguments: &str| {
        let arguments = ["read-qr", "--input", "qr.png", "--output"].into_iter().chain(arguments.split_whitespace());
        totp_adapter(arguments).folder(folder.path()).run()
    };
    folder.write("secret.xml", "<Secret>MZXW6YTB</Secret>\n");
    let ran = run("secret.xml --status-file status");
    assert_eq!((ran.code(), folder.read("status").as_str()), (2, "-1\n"));
    assert!(ran.stderr().contains("--overwrite replaces it"), "{}", ran.stderr());
    assert_eq!(folder.read("secret.xml"), "<Secret>MZXW6YTB</Secret>\n");
    assert_eq!(run("secret.xml --overwrite").code(), 0);
    assert!(folder.read("secret.xml").contains(RFC_SECRET));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(run("new.xml").code(), 0);
        assert_eq!(fs::metadata(folder.path().join("new.xml")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

// contract 9.4a, 9.4b, 9.4c
#[test]
fn files_by_the_thousand() {
    let folder = Folder::empty();
    let jpeg = encoded(&grey(&drawn(&["--account", "jane"], secret_document().as_bytes())), ImageFormat::Jpeg);
    folder.write("shots/john.png", picture());
    folder.write("shots/team/jane.JPG", jpeg);
    folder.write("shots/empty.gif", b"GIF89a");
    folder.write("shots/notes.xml", secret_document());
    let run = |options: &str| {
        let arguments = ["batch", "read-qr", "--output-dir", "out", "--quiet"].into_iter();
        totp_adapter(arguments.chain(options.split_whitespace())).folder(folder.path()).run()
    };
    let ran = run("--report report.csv shots");
    assert_eq!(ran.code(), 2, "{}", ran.stderr());
    assert_eq!(folder.names_in("out"), ["empty.error.xml", "john.xml", "team"]);
    assert_eq!(folder.read("out/team/jane.xml"), format!("{}\n", secret_document()));
    let mut report: Vec<String> = folder.read("report.csv").lines().map(str::to_owned).collect();
    report[1..].sort();
    assert_snapshot!(report.join("\n"), @"
    input,output,status,description
    shots/empty.gif,empty.error.xml,-1,damaged picture: the GIF file is incomplete or invalid
    shots/john.png,john.xml,1,
    shots/team/jane.JPG,team/jane.xml,1,
    ");
    // Secrets are replaced only where that is asked for.
    assert_eq!(run("shots/john.png").code(), 2);
    assert_eq!(run("--overwrite shots/john.png").code(), 0);
    assert_eq!(run("--skip-existing shots/john.png").code(), 0);
    assert_eq!(run("--format uri --overwrite shots/john.png").code(), 0);
    assert!(folder.read("out/john.xml").starts_with("<KeyURI>otpauth://totp/"));
    assert_snapshot!(run("--count 3").stderr(), @"totp-adapter: status -1: wrong parameter: --count is only for GenerateSecret");
}

// contract 9.5a, 9.5b
#[test]
fn streams_by_the_line() {
    let stream = |options: &str, input: String| {
        totp_adapter(["stream", "read-qr"].into_iter().chain(options.split_whitespace())).stdin(input).run()
    };
    let base64 = BASE64.encode(&picture());
    let lines = stream("", format!("{base64}\n{base64}\r\nno Base64\n\n")).stdout();
    assert_snapshot!(lines, @r#"
    1	<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    1	<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    -1	<Error description="wrong record: expected Base64 or a data URL of it in the column document-base64"/>
    -1	<Error description="not a picture: expected a PNG, JPEG, GIF, BMP or WebP file"/>
    "#);
    assert_snapshot!(stream("--columns id,document-base64 --format parameters", format!("7\t{base64}")).stdout(), @"7	1	<Parameters><issuer>SoftProject GmbH</issuer><account>john.doe@example.org</account><algorithm>SHA1</algorithm><digits>6</digits><period>30</period></Parameters>");
    for column in ["document", "document-base64,operation", "document-base64,account"] {
        assert_eq!(stream(&format!("--columns id,{column}"), String::new()).code(), 2, "{column}");
    }
    assert_snapshot!(stream("--columns id,document", String::new()).stderr(), @"totp-adapter: status -1: wrong parameter: for pictures, --columns takes document-base64, alone or with id");
    // A picture that is larger than a document may be.
    let mut noise = grey(&picture());
    noise = imageops::resize(&noise, 1024, 1024, imageops::FilterType::Nearest);
    let mut state = 1_u32;
    for pixel in noise.pixels_mut() {
        // xorshift
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        pixel.0[0] ^= state.to_le_bytes()[1] & 63;
    }
    let large = png(&noise);
    assert!(large.len() > 128 * 1024, "{}", large.len());
    let answer = stream("", BASE64.encode(&large)).stdout();
    assert_eq!(answer, format!("1\t{}\n", secret_document()));
}

// contract 9.1d, 9.1f, 5.6a
#[test]
fn command_lines() {
    assert_snapshot!(read_qr("--format png", b"").stderr(), @"totp-adapter: status -1: wrong command line: expected secret, uri or parameters for --format; see --help");
    assert_snapshot!(read_qr("--formt secret", b"").stderr(), @"totp-adapter: status -1: wrong command line: unknown option; did you mean --format?");
    assert_snapshot!(read_qr("GEZDGNBV", b"").stderr(), @"totp-adapter: status -1: wrong command line: unexpected argument; secrets and passwords are read from the document, never from arguments; --input names a file; see --help");
    assert_eq!(read_qr("--exit-code x4", &picture()).code(), 1);
    let now = RFC_TIME.to_string();
    let ran = totp_adapter(["--operation", "read-qr", "--now", &now]).stdin(picture()).run();
    assert!(ran.stderr().contains("expected GenerateSecret, GeneratePassword"), "{}", ran.stderr());
}

// contract 4.5f, 4.6a: what a page escaped once too often is whole again, and its code can be drawn anew.
#[test]
fn ampersands_that_were_escaped() {
    let written = "otpauth://totp/Example:jo?secret=GEZDGNBV&amp;issuer=Example&amp;digits=8&amp;period=60";
    let picture = picture_of(written);
    assert_snapshot!(read_qr("--format parameters", &picture).stdout(), @"<Parameters><issuer>Example</issuer><account>jo</account><algorithm>SHA1</algorithm><digits>8</digits><period>60</period></Parameters>");
    // The URI itself stands as it was found.
    assert_snapshot!(read_qr("--format uri", &picture).stdout(), @"<KeyURI>otpauth://totp/Example:jo?secret=GEZDGNBV&amp;amp;issuer=Example&amp;amp;digits=8&amp;amp;period=60</KeyURI>");
}

// contract 4.1a, 4.2c, 4.5g: as a provider writes it, as it is drawn, and back.
#[test]
fn a_colon_in_an_account() {
    let folder = Folder::empty();
    let written = picture_of("otpauth://totp/Gateway:jo@proxy:3080?secret=GEZDGNBVGY3TQOJQ&issuer=Gateway");
    let parameters = read_qr("--format parameters", &written).stdout();
    assert!(parameters.contains("<issuer>Gateway</issuer><account>jo@proxy:3080</account>"), "{parameters}");
    folder.write("parameters.xml", &parameters);
    let secret = read_qr("", &written).output.stdout;
    let drawn = totp_adapter(["--operation", "GenerateAuthenticatorQRCode", "--parameters", "parameters.xml"])
        .folder(folder.path())
        .stdin(secret)
        .run()
        .output
        .stdout;
    assert_eq!(read_qr("--format parameters", &drawn).stdout(), parameters);
    assert_snapshot!(read_qr("--format uri", &drawn).stdout(), @"<KeyURI>otpauth://totp/Gateway:jo%40proxy%3A3080?secret=GEZDGNBVGY3TQOJQ&amp;issuer=Gateway</KeyURI>");
}

// contract 9.5a, 7.1c: as a page has it, and as programs of all kinds encode it.
#[test]
fn forms_of_base64() {
    let mut picture = picture();
    // What stands behind the end of a PNG file does not matter; this makes the forms differ.
    picture.extend_from_slice(&[0xff; 6]);
    picture.truncate(picture.len() / 3 * 3 - 2);
    let base64 = BASE64.encode(&picture);
    assert!(base64.contains('+') && base64.contains('/') && base64.ends_with("=="), "{}", &base64[base64.len() - 8..]);
    let plain = base64.trim_end_matches('=');
    let records = [
        format!("data:image/png;base64,{base64}"),
        format!("DATA:image/PNG;charset=utf-8;Base64,{plain}"),
        plain.to_owned(),
        base64.replace('+', "-").replace('/', "_"),
        format!("{plain}="),
        "data:image/svg+xml,%3Csvg/%3E".to_owned(),
    ];
    let lines = totp_adapter(["stream", "read-qr"]).stdin(records.join("\n")).run().stdout();
    assert_snapshot!(lines, @r#"
    1	<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    1	<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    1	<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    1	<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    -1	<Error description="wrong record: expected Base64 or a data URL of it in the column document-base64"/>
    -1	<Error description="wrong record: expected a data URL with ;base64 before its comma in the column document-base64"/>
    "#);
}

/// A picture of the first of two QR codes that share a text (ISO/IEC 18004, structured append).
fn picture_of_first_part(text: &str) -> Vec<u8> {
    const VERSION: qrcode::Version = qrcode::Version::Normal(3);
    const LEVEL: qrcode::EcLevel = qrcode::EcLevel::L;
    const DATA_BYTES: usize = 55;
    let parity = text.bytes().fold(0, |parity, byte| parity ^ byte);
    // The first, of one and the last, and the parity of all of the text.
    let header = format!("0011{:04b}{:04b}{parity:08b}0100{:08b}", 0, 1, text.len());
    let mut bits: String = std::iter::once(header).chain(text.bytes().map(|byte| format!("{byte:08b}"))).collect();
    bits += &"0".repeat(8 - bits.len() % 8);
    let bytes = bits.as_bytes().chunks(8).map(|byte| u8::from_str_radix(str::from_utf8(byte).unwrap(), 2).unwrap());
    let data: Vec<u8> = bytes.chain([0xec, 0x11].into_iter().cycle()).take(DATA_BYTES).collect();
    let (data, correction) = qrcode::ec::construct_codewords(&data, VERSION, LEVEL).unwrap();
    let mut canvas = qrcode::canvas::Canvas::new(VERSION, LEVEL);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    let modules = canvas.apply_best_mask().into_colors();
    let width = usize::try_from(VERSION.width()).unwrap();
    png(&qrcode::render::Renderer::<Luma<u8>>::new(&modules, width, 4).build())
}

// contract 9.2e: even one that would be a key by itself.
#[test]
fn a_part_of_a_text() {
    let part = picture_of_first_part("otpauth://totp/me?secret=GEZDGNBVGY3TQOJQ");
    assert_snapshot!(refusal(&part), @"incomplete QR code: it has only a part of a text over several codes");
}
