//! Keeps two libraries away from the start of programs with glibc: each that is loaded takes about a tenth of the time that
//! the filter takes. GCC's unwinder is linked from its static half instead of `libgcc_s.so.1`, and the one function of
//! `libm.so.6` that is called, by the reader of symbols in pictures, is compiled here: glibc's static one needs a symbol
//! that is private to glibc.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const UNWINDER: &str = "libgcc_eh.a";

/// C99, 7.12.7.3 and F.9.4.3. The squares of floats are exact as doubles and their sum is finite, so that this is as
/// accurate as glibc's.
const HYPOTF: &str = "float hypotf(float x, float y) {
    if (__builtin_isinf(x) || __builtin_isinf(y)) return __builtin_inff();
    return (float)__builtin_sqrt((double)x * x + (double)y * y);
}
";
/// The square root is an instruction, as Rust's is, and not a call of libm that sets `errno`.
const HYPOTF_OPTIONS: [&str; 7] = ["-x", "c", "-O2", "-fPIC", "-fno-math-errno", "-c", "-"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let is = |variable, value| env::var(variable).is_ok_and(|found| found == value);
    if !is("CARGO_CFG_TARGET_OS", "linux") || !is("CARGO_CFG_TARGET_ENV", "gnu") {
        return;
    }
    if linker_has_unwinder() {
        // Not bundled: the linker knows where it lies.
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
    // Without a C compiler libm is loaded.
    if let Ok(object) = compiled_hypotf() {
        println!("cargo::rustc-link-arg={}", object.display());
    }
}

/// What links is a C compiler as well, as rustc needs it to find the system's libraries.
fn linker() -> Command {
    Command::new(env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into()))
}

/// Whether the linker brings the archive, as GCC does; what is not GCC may have none.
fn linker_has_unwinder() -> bool {
    let answer = linker().arg(format!("-print-file-name={UNWINDER}")).output();
    // A file that is not found is answered with its bare name.
    answer.is_ok_and(|answer| {
        std::str::from_utf8(&answer.stdout).is_ok_and(|file| Path::new(file.trim_end()).is_absolute())
    })
}

/// The object file with `hypotf`.
fn compiled_hypotf() -> io::Result<PathBuf> {
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let object = PathBuf::from(folder).join("hypotf.o");
    let mut compiler =
        linker().args(HYPOTF_OPTIONS).arg("-o").arg(&object).stdin(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let written = compiler.stdin.take().map_or(Ok(()), |mut source| source.write_all(HYPOTF.as_bytes()));
    let status = compiler.wait()?;
    written?;
    if status.success() { Ok(object) } else { Err(io::ErrorKind::InvalidData.into()) }
}
