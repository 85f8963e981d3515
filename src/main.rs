//! The program: arguments to transport to exit code.

mod cli;
mod transport;

use std::ffi::OsString;

use cli::Invocation;
use totp_adapter::stderr;
use transport::{batch, filter, stream};

// A third of the time that the filter takes with musl's own.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() {
    stderr::end_with_any_panic();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let exit_code = match cli::parse(&arguments) {
        Ok(Invocation::Filter(arguments)) => filter::run(&arguments),
        Ok(Invocation::Batch(arguments)) => batch::run(&arguments),
        Ok(Invocation::Stream(arguments)) => stream::run(&arguments),
        #[cfg(feature = "serve")]
        Ok(Invocation::Serve(arguments)) => transport::serve::run(&arguments),
        #[cfg(feature = "serve")]
        Ok(Invocation::Push(arguments)) => transport::push::run(&arguments),
        #[cfg(feature = "serve")]
        Ok(Invocation::Health(arguments)) => transport::health::run(&arguments),
        Ok(Invocation::Print(text)) => transport::print(&text),
        Err(error) => filter::reject(&error),
    };
    // On Windows all 32 bits of it reach the caller; on POSIX the lowest 8.
    std::process::exit(exit_code)
}
