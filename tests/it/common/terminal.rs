//! Pseudo-terminals: what a person at one sees.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Both ends of a pseudo-terminal of this width.
pub fn terminal(columns: u16) -> (OwnedFd, File) {
    let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&user).unwrap();
    unlockpt(&user).unwrap();
    let name = ptsname(&user, Vec::new()).unwrap();
    let program = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    tcsetwinsize(&program, Winsize { ws_row: 60, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    (user, program)
}

/// Runs a command whose standard output is a terminal; gives what appeared there, stderr and the exit code.
pub fn on_terminal(mut command: Command, columns: u16, stdin: &str) -> (String, String, i32) {
    let (user, program) = terminal(columns);
    let mut child = command.stdin(Stdio::piped()).stdout(program).stderr(Stdio::piped()).spawn().unwrap();
    // The command keeps its end open otherwise, and the screen would never end.
    drop(command);
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let mut screen = Vec::new();
    // On Linux the end of a terminal is an error.
    let _ = File::from(user).read_to_end(&mut screen);
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    (text(screen), text(output.stderr), output.status.code().unwrap())
}
