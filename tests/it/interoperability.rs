//! The program against programs that we did not write. Where one is missing, a test says so on stderr and skips;
//! with `REQUIRE_INTEROPERABILITY` in the environment it fails instead. `.ci/run` installs them all.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::common::{
    RFC_SECRET, RFC_TIME, fixtures, prepared, program, project, secret_document, totp_adapter, totp_document,
};
use data_encoding::BASE32_NOPAD;
use tempfile::TempDir;
use totp_adapter::key_uri_format::KeyUriFormat;
use totp_adapter::operation::Input;
use totp_adapter::otp::{QUIET_ZONE, Symbol};
use totp_adapter::symbol_format::SymbolFormat;
use totp_adapter::xml::{DocumentKind, EscapedText, write_key_uri};
use totp_adapter::{Operation, Status};

fn run<S: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: impl IntoIterator<Item = S>) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Numbers without a pattern, the same ones in every run.
fn numbers() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(0x9e37_79b9_7f4a_7c15_u64), |&state| {
        let state = state ^ (state << 13);
        let state = state ^ (state >> 7);
        Some(state ^ (state << 17))
    })
}

// contract 1.1c, 2.7a, 3.1, 3.4a: oathtool computes the same passwords.
#[test]
fn oathtool_agrees() {
    if !program("oathtool") {
        return;
    }
    let mut numbers = numbers();
    for case in 0..120_usize {
        let key: Vec<u8> = numbers.by_ref().take(1 + case % 70).map(|number| number.to_be_bytes()[3]).collect();
        let base32 = BASE32_NOPAD.encode(&key);
        let time = numbers.next().unwrap() % (1 << 33);
        let (algorithm, digits) = (["SHA1", "SHA256", "SHA512"][case % 3], ["6", "7", "8"][case % 3]);
        let period = ["30", "60", "1", "86400"][case % 4];
        let (now, totp) = (format!("--now=@{time}"), format!("--totp={algorithm}"));
        let theirs = run("oathtool", [&totp, "-d", digits, "-s", &format!("{period}s"), &now, "-b", &base32]);
        assert!(theirs.status.success(), "{}", text(&theirs.stderr));
        let time = time.to_string();
        let arguments = [
            "--operation",
            "GeneratePassword",
            "--now",
            &time,
            "--algorithm",
            algorithm,
            "--digits",
            digits,
            "--period",
            period,
        ];
        let ours = totp_adapter(arguments).stdin(format!("<Secret>{base32}</Secret>")).run();
        assert_eq!(ours.stdout(), format!("<Password>{}</Password>\n", text(&theirs.stdout).trim()));
    }
}

// contract 1.1d, 3.2a, 3.3a: what oathtool says now verifies now.
#[test]
fn a_password_of_oathtool_verifies() {
    if !program("oathtool") {
        return;
    }
    let password = text(&run("oathtool", ["--totp", "-b", RFC_SECRET]).stdout);
    let ran = totp_adapter(["--operation", "VerifyPassword"]).stdin(totp_document(&password)).run();
    assert_eq!(ran.stdout(), "<Ok description=\"The password matches.\"/>\n");
    assert_eq!(ran.code(), 0);
}

/// Draws the QR code of every fixture that has one, with the key URI that it must say.
fn drawn(folder: &Path) -> Vec<(PathBuf, String)> {
    let snapshot = include_str!("snapshots/it__corpus__generate_authenticator_qr_code.snap");
    let mut drawn = Vec::new();
    for fixture in fixtures(Operation::GenerateAuthenticatorQRCode) {
        if fixture.status != Status::Success {
            continue;
        }
        let file = folder.join(fixture.file.with_extension("png").file_name().unwrap());
        let mut arguments: Vec<&OsStr> = ["--operation", fixture.operation.name(), "--output"].map(OsStr::new).into();
        let parameters = fixture.parameters_file().unwrap();
        arguments.extend([file.as_os_str(), OsStr::new("--parameters"), parameters.as_os_str()]);
        assert_eq!(totp_adapter(arguments).stdin(fixture.bytes()).run().code(), 0, "{}", fixture.name);
        let line = snapshot.lines().find_map(|line| line.strip_prefix(&format!("{}: ", fixture.name))).unwrap();
        drawn.push((file, line[line.find("otpauth://").unwrap()..].to_owned()));
    }
    assert!(drawn.len() > 20);
    drawn
}

// contract 1.1e, 4.1a, 4.3a, 4.3b: zbar reads every symbol, pngcheck finds no fault with the picture.
#[test]
fn zbar_and_pngcheck() {
    if !program("zbarimg") || !program("pngcheck") {
        return;
    }
    let folder = TempDir::new().unwrap();
    for (file, uri) in drawn(folder.path()) {
        let read = run("zbarimg", ["--quiet".as_ref(), "--raw".as_ref(), "-Sbinary".as_ref(), file.as_os_str()]);
        assert_eq!(text(&read.stdout).trim_end(), uri, "{}", file.display());
        let checked = run("pngcheck", [&file]);
        let facts = text(&checked.stdout);
        assert!(checked.status.success() && facts.contains("512x512, 1-bit grayscale, non-interlaced"), "{facts}");
    }
}

// contract 4.4b: libxml2 finds no fault with an SVG, librsvg draws every module of it in its place, and zbar reads
// that, at its own size and at others.
#[test]
fn svg() {
    if !program("rsvg-convert") || !program("zbarimg") || !program("xmllint") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let (document, picture) = (folder.path().join("drawn.svg"), folder.path().join("drawn.png"));
    for (file, uri) in drawn(folder.path()) {
        let symbol = Symbol::encode(uri.as_bytes()).unwrap();
        fs::write(&document, SymbolFormat::Svg.draw(&symbol)).unwrap();
        let checked = run("xmllint", [OsStr::new("--noout"), OsStr::new("--nonet"), document.as_os_str()]);
        assert!(checked.status.success(), "{}: {}", file.display(), text(&checked.stderr));
        let side = u32::try_from(symbol.width() + 2 * QUIET_ZONE).unwrap();
        for width in [None, Some(side * 5), Some(side * 7 + 3)] {
            let options = width.map(|width| [format!("--width={width}"), format!("--height={width}")]);
            let options = options.into_iter().flatten().map(OsString::from);
            let files = [OsString::from("--output"), picture.clone().into(), document.clone().into()];
            assert!(run("rsvg-convert", options.chain(files)).status.success(), "{}", file.display());
            if width.is_none_or(|width| width % side == 0) {
                assert_eq!(modules(&picture, side), expected_modules(&symbol), "{} at {width:?}", file.display());
            }
            let read = run("zbarimg", ["--quiet".as_ref(), "--raw".as_ref(), "-Sbinary".as_ref(), picture.as_os_str()]);
            assert_eq!(text(&read.stdout).trim_end(), uri, "{} at {width:?}", file.display());
        }
    }
}

/// The modules of a picture with so many on each side, quiet zone included: `#` where all pixels are black, a space where
/// all are white.
fn modules(picture: &Path, side: u32) -> Vec<String> {
    let picture = image::open(picture).unwrap().to_luma8();
    assert_eq!((picture.width(), picture.width() % side), (picture.height(), 0));
    let scale = picture.width() / side;
    let module = |x: u32, y: u32| {
        let pixels =
            (0..scale * scale).map(|pixel| picture.get_pixel(x * scale + pixel % scale, y * scale + pixel / scale));
        match pixels.map(|pixel| pixel.0[0]).collect::<BTreeSet<u8>>().into_iter().collect::<Vec<_>>()[..] {
            [0] => '#',
            [255] => ' ',
            _ => '?',
        }
    };
    (0..side).map(|y| (0..side).map(|x| module(x, y)).collect()).collect()
}

/// The same of a symbol.
fn expected_modules(symbol: &Symbol) -> Vec<String> {
    let side = 0..symbol.width() + 2 * QUIET_ZONE;
    let module = |x: usize, y: usize| symbol.is_dark(x.wrapping_sub(QUIET_ZONE), y.wrapping_sub(QUIET_ZONE));
    side.clone().map(|y| side.clone().map(|x| if module(x, y) { '#' } else { ' ' }).collect()).collect()
}

/// What a decoder reads in each picture; an empty text where it reads none.
fn decoded(program: &OsStr, arguments: &[OsString], pictures: &[(PathBuf, String)]) -> Vec<String> {
    let files = pictures.iter().map(|(file, _)| file.clone().into_os_string());
    let read = run(program, arguments.iter().cloned().chain(files));
    assert!(read.status.success(), "{}", text(&read.stderr));
    text(&read.stdout).lines().map(str::to_owned).collect()
}

// contract 4.3a: zxing and jsQR read every symbol.
#[test]
fn zxing_and_jsqr() {
    let (Some(python), Some(modules)) = (prepared("INTEROPERABILITY_PYTHON"), prepared("INTEROPERABILITY_NODE")) else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let scripts = project().join("tests/interoperability");
    // Node finds modules from the script's own folder upwards.
    let jsqr = modules.join("decode_jsqr.mjs");
    fs::copy(scripts.join("decode_jsqr.mjs"), &jsqr).unwrap();
    let pictures = drawn(folder.path());
    let uris: Vec<String> = pictures.iter().map(|(_, uri)| uri.clone()).collect();
    assert_eq!(decoded(OsStr::new("node"), &[jsqr.into()], &pictures), uris);
    assert_eq!(decoded(python.as_os_str(), &[scripts.join("decode.py").into(), "zxing".into()], &pictures), uris);
}

// contract 4.3a: OpenCV's own reader misses some symbols from version 7 on, qrencode's as well as ours, and most from
// version 10 on. It must read nearly all of the usual ones, and none wrong.
#[test]
fn opencv() {
    let Some(python) = prepared("INTEROPERABILITY_PYTHON") else { return };
    let folder = TempDir::new().unwrap();
    let script = project().join("tests/interoperability/decode.py");
    let mut pictures = drawn(folder.path());
    pictures.retain(|(_, uri)| uri.len() <= 230);
    let read = decoded(python.as_os_str(), &[script.into(), "opencv".into()], &pictures);
    for (text, (file, uri)) in read.iter().zip(&pictures) {
        assert!(text.is_empty() || text == uri, "{}: {text}", file.display());
    }
    let missed = read.iter().filter(|text| text.is_empty()).count();
    assert!(missed * 10 <= pictures.len(), "{missed} of {} not read", pictures.len());
}

// contract 4.3a: as a photograph our symbols are read no less than qrencode's of the same version and level.
#[test]
fn photographs() {
    let Some(python) = prepared("INTEROPERABILITY_PYTHON") else { return };
    if !program("qrencode") || !program("zbarimg") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let (ours, theirs) = (folder.path().join("ours.png"), folder.path().join("theirs.png"));
    let arguments = ["--operation", "GenerateAuthenticatorQRCode", "--issuer", "SoftProject GmbH", "--account", "john"];
    let output = [OsStr::new("--output"), ours.as_os_str()];
    totp_adapter(arguments.map(OsStr::new).into_iter().chain(output)).stdin(secret_document()).run();
    let uri = text(&run("zbarimg", ["--quiet".as_ref(), "--raw".as_ref(), ours.as_os_str()]).stdout);
    let uri = uri.trim_end();
    let symbol = Symbol::encode(uri.as_bytes()).unwrap();
    let (version, level) = (symbol.version().to_string(), format!("{:?}", symbol.error_correction_level()));
    let options = ["-8", "-v", &version, "-l", &level, "-m", "4", "-s", "10", "-o"].map(OsStr::new);
    assert!(run("qrencode", options.into_iter().chain([theirs.as_os_str(), OsStr::new(uri)])).status.success());
    let script = project().join("tests/interoperability/photograph.py");
    let compared = run(python, [script.as_os_str(), OsStr::new(uri), ours.as_os_str(), theirs.as_os_str()]);
    let table = text(&compared.stdout);
    assert!(compared.status.success() && table.contains("total"), "{table}{}", text(&compared.stderr));
}

// contract 9.2c: of codes as screens and phones show them, `read-qr` reads no less than zbar and zxing of any kind, and
// none wrong.
#[test]
fn pictures() {
    let (Some(python), Some(modules)) = (prepared("INTEROPERABILITY_PYTHON"), prepared("INTEROPERABILITY_NODE")) else {
        return;
    };
    if !program("qrencode") || !program("zbarimg") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let scripts = project().join("tests/interoperability");
    // The time for a picture is meant for a program that is optimised.
    let ours = env::var_os("OPTIMISED_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_totp-adapter").into());
    let ours = ours.as_os_str();
    let (draw, read) = (scripts.join("pictures.py"), scripts.join("read_pictures.py"));
    let options = ["--each", "8", "--seed", "2611", "--node"].map(OsStr::new).into_iter();
    let arguments = [draw.as_os_str(), folder.path().as_os_str()].into_iter().chain(options);
    let drawn = run(&python, arguments.chain([modules.as_os_str(), OsStr::new("--program"), ours]));
    assert!(drawn.status.success(), "{}", text(&drawn.stderr));
    let compared = run(&python, [read.as_os_str(), folder.path().as_os_str(), ours, OsStr::new("--zxing")]);
    let table = text(&compared.stdout);
    assert!(compared.status.success() && table.contains("total"), "{table}{}", text(&compared.stderr));
}

/// What libxml2 says of a file by a schema.
fn checked(schema: &str, file: &Path) -> Output {
    let schema = project().join("schemas").join(schema);
    run("xmllint", [OsStr::new("--noout"), OsStr::new("--schema"), schema.as_os_str(), file.as_os_str()])
}

/// Whether libxml2 finds a file valid by a schema.
fn validate(schema: &str, file: &Path) {
    let checked = checked(schema, file);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
}

// contract 1.1b, 1.1c, 1.1d, 1.5a, 1.6a, 2.9: real answers are valid by the schemas, and so are the fixtures in
// canonical form.
#[test]
fn schemas() {
    if !program("xmllint") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let answer = folder.path().join("answer.xml");
    for operation in Operation::OF_X4 {
        for fixture in fixtures(operation) {
            let canonical = fixture.status == Status::Success && !fixture.name.contains("/tolerated-");
            match operation.input() {
                Some(Input::Document(DocumentKind::Secret)) if canonical => validate("secret.xsd", &fixture.file),
                Some(Input::Document(DocumentKind::Totp)) if canonical => validate("totp.xsd", &fixture.file),
                _ => {}
            }
            let parameters = fixture.parameters_file();
            if let Some(file) = &parameters {
                validate("parameters.xsd", file);
            }
            let schema = match (fixture.status, operation) {
                (Status::Error | Status::Mismatch, _) => "error.xsd",
                (Status::Success, Operation::GenerateSecret) => "secret.xsd",
                (Status::Success, Operation::GeneratePassword) => "password.xsd",
                (Status::Success, Operation::VerifyPassword) => "ok.xsd",
                (Status::Success, Operation::GenerateAuthenticatorQRCode) => continue,
                (Status::Success, other) => panic!("no schema for {other:?}"),
            };
            let now = RFC_TIME.to_string();
            let mut arguments: Vec<&OsStr> = ["--operation", operation.name(), "--now", &now].map(OsStr::new).into();
            arguments.extend(parameters.iter().flat_map(|file| [OsStr::new("--parameters"), file.as_os_str()]));
            fs::write(&answer, totp_adapter(arguments).stdin(fixture.bytes()).run().output.stdout).unwrap();
            validate(schema, &answer);
        }
    }
}

// contract 4.5k, 4.6a, 5.1a: what a key URI becomes is valid by the schemas, whatever its names; the schemas refuse
// others.
#[test]
fn schemas_of_key_uris() {
    if !program("xmllint") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let document = folder.path().join("document.xml");
    for uri in [
        "otpauth://totp/A%20B:me?secret=*&issuer=A%20B",
        "OTPAUTH://TOTP/?SECRET=*&period=4294967295&digits=8&algorithm=sha-512&image=https://x/?a=b",
        "\notpauth://totp/%3C%26%3E]]>%0A%0D%09:%20%20 J%C3%B6rg <&> \u{1f511}\t\r\n?secret=*\n",
        "otpauth://totp?secret=*",
    ] {
        let uri = uri.replace('*', RFC_SECRET);
        for (format, schema) in [
            (KeyUriFormat::Secret, "secret.xsd"),
            (KeyUriFormat::Uri, "key-uri.xsd"),
            (KeyUriFormat::Parameters, "parameters.xsd"),
        ] {
            fs::write(&document, format.content(&uri).unwrap().document()).unwrap();
            validate(schema, &document);
        }
    }
    for other in ["https://totp/a", "otpauth://hotp/a", "otpauth://totpx/", ""] {
        fs::write(&document, write_key_uri(&EscapedText::new(other).unwrap())).unwrap();
        assert!(!checked("key-uri.xsd", &document).status.success(), "{other}");
    }
}

// contract 8.1a, 8.1b, 8.1c: the samples are valid, and the stylesheet gives the status of every result.
#[test]
fn x4_samples() {
    if !program("xmllint") || !program("xsltproc") {
        return;
    }
    let x4 = project().join("schemas/x4");
    let mut results = 0;
    for entry in fs::read_dir(&x4).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".command.xml") {
            validate("x4/command.xsd", &file);
        } else if let Some(case) = name.strip_prefix("result.sample.") {
            let status = match case.split('.').next().unwrap() {
                "ok" => "1",
                "mismatch" => "403",
                "reject" => "-1",
                other => panic!("{other} is no expectation"),
            };
            let transformed = run("xsltproc", [x4.join("status.xsl"), file.clone()]);
            let document = text(&transformed.stdout);
            assert!(document.contains(&format!("<?ConditionState {status}?>")), "{name}: {document}");
            results += 1;
        }
    }
    assert!(results >= 6, "{results} results");
}

// contract 5.7d: groff finds no fault with any page, and each page that one names is there.
#[test]
fn groff_sets_the_manual_pages() {
    if !program("groff") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("page.1");
    let mut pages = vec![String::new()];
    let mut next = 0;
    while next < pages.len() {
        let name = pages[next].clone();
        let ran = totp_adapter(["man", &name].into_iter().filter(|word| !word.is_empty())).run();
        assert_eq!(ran.code(), 0, "{ran}");
        fs::write(&file, &ran.output.stdout).unwrap();
        let set = run("groff", ["-k", "-man", "-Tutf8", "-ww", "-rLL=200n", "-P-cbou", file.to_str().unwrap()]);
        assert_eq!((set.status.success(), text(&set.stderr).as_str()), (true, ""), "{name}");
        // groff sets some hyphens as those of print; the options of its terminal leave bold and underlined text plain.
        let set = text(&set.stdout).replace(['\u{2010}', '\u{2212}'], "-");
        let title = if name.is_empty() { "totp-adapter".to_owned() } else { format!("totp-adapter-{name}") };
        let first = format!("{title}(1) User Commands {title}(1)");
        assert_eq!(set.split_whitespace().take(4).collect::<Vec<_>>().join(" "), first);
        assert!(set.contains("SYNOPSIS"), "{set}");
        let named = set.split_whitespace().filter_map(|word| word.strip_prefix("totp-adapter-")?.strip_suffix("(1)"));
        for page in named.map(str::to_owned) {
            if !pages.contains(&page) {
                pages.push(page);
            }
        }
        next += 1;
    }
    assert!(pages.len() >= 8, "{pages:?}");
}
