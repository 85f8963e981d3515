//! Links glibc programs with the static half of GCC's unwinder: the dynamic one, `libgcc_s.so.1`, is a library more to
//! load at every start, a tenth of the time that the filter takes.

use std::env;
use std::path::Path;
use std::process::Command;

const UNWINDER: &str = "libgcc_eh.a";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |variable, value| env::var(variable).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") && linker_has_unwinder() {
        // Not bundled: the linker knows where it lies.
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// Whether the linker brings the archive, as GCC does; what is not GCC may have none.
fn linker_has_unwinder() -> bool {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let answer = Command::new(linker).arg(format!("-print-file-name={UNWINDER}")).output();
    // A file that is not found is answered with its bare name.
    answer.is_ok_and(|answer| {
        std::str::from_utf8(&answer.stdout).is_ok_and(|file| Path::new(file.trim_end()).is_absolute())
    })
}
