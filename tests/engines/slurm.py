"""Slurm: the page's commands on a cluster of one node with two processors, and what a failing task leaves.

`python3 tests/engines/slurm.py` starts a cluster of its own; Debian's slurmctld, slurmd, slurm-client and munge
must be installed, their services need not run.
"""

import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import readme
from daemons import Daemons, free_port

# Debian keeps daemons where a user's PATH does not look.
os.environ["PATH"] += os.pathsep + "/usr/sbin"
JOB = "schemas/slurm/passwords.sh"


# contract 8.2b
def main() -> None:
    """Runs the page's commands and the checks on a cluster that ends with them."""
    require("munged", "slurmctld", "slurmd", "sbatch", "scancel", "squeue", "sinfo")
    with tempfile.TemporaryDirectory(prefix="slurm-") as name:
        folder = Path(name)
        with Daemons(folder, settings(folder)) as daemons:
            daemons.start(*munge(folder))
            daemons.wait_until((folder / "munge/socket").exists, "munged")
            daemons.start("slurmctld", "-D")
            daemons.start("slurmd", "-D", "-N", "totp")
            daemons.wait_until(lambda: said(daemons, "sinfo", "--noheader", "--format=%t") == "idle", "slurmd")
            try:
                readme.run("slurm", daemons.environment, check=check)
            finally:
                end_jobs(daemons)


def require(*programs: str) -> None:
    """Fails where a program is missing."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        packages = "apt-get install slurmctld slurmd slurm-client munge"
        raise SystemExit(f"missing: {', '.join(missing)}; on Debian: {packages}")


def settings(folder: Path) -> dict:
    """The environment of a cluster that keeps everything in a folder and listens on the loopback only."""
    # munged wants others to reach its socket.
    folder.chmod(0o755)
    (folder / "state").mkdir(mode=0o700)
    (folder / "spool").mkdir(mode=0o700)
    user = pwd.getpwuid(os.getuid()).pw_name
    (folder / "slurm.conf").write_text(f"""\
ClusterName=totp
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
# Neither systemd nor control groups are needed.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
# Two processors, whatever the machine has.
SlurmdParameters=config_overrides
NodeName=totp NodeHostname=localhost NodeAddr=127.0.0.1 CPUs=2
PartitionName=totp Nodes=totp Default=YES
""")
    return {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}


def munge(folder: Path) -> list:
    """The command for the daemon that tells Slurm's daemons who is who, with a key of its own."""
    own = folder / "munge"
    own.mkdir(mode=0o755)
    key = own / "key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(128))
    files = {"socket": "socket", "key-file": "key", "pid-file": "pid", "seed-file": "seed"}
    return ["munged", "--foreground", *(f"--{option}={own / name}" for option, name in files.items())]


def said(daemons: Daemons, *command: str) -> str:
    """What one of Slurm's commands says."""
    return subprocess.run(command, env=daemons.environment, capture_output=True, text=True).stdout.strip()


def end_jobs(daemons: Daemons) -> None:
    """Ends the jobs that a test has left when it failed; they outlive slurmd."""
    if said(daemons, "squeue", "--noheader"):
        said(daemons, "scancel", "--partition=totp")
        daemons.wait_until(lambda: not said(daemons, "squeue", "--noheader"), "scancel")


def check(folder: Path, shell: readme.Shell) -> None:
    """What the page and the head of the job script say of the results."""
    whole = shell.run("totp-adapter stream --operation GeneratePassword --columns id,document --now 59 < documents.tsv")
    every_part_takes_its_share(folder)
    a_part_is_made_alone(folder, shell, whole)
    no_record_shifts_another(folder, shell)
    a_task_that_fails_leaves_no_result(folder, shell)


def every_part_takes_its_share(folder: Path) -> None:
    """Four results, none much larger than another, and nothing on standard error."""
    parts = sorted((folder / "results").iterdir())
    expect("the results", [part.name for part in parts], ["0001.tsv", "0002.tsv", "0003.tsv", "0004.tsv"])
    for part in parts:
        lines = part.read_text().count("\n")
        expect(f"{part.name} has about a quarter of the lines ({lines})", 200 < lines < 300, True)
    logs = [log.read_text() for log in sorted(folder.glob("passwords-*.log"))]
    expect("the logs of the tasks", logs, [""] * 4)


def a_part_is_made_alone(folder: Path, shell: readme.Shell, whole: str) -> None:
    """`--array=3` makes the third part again, not another one, and for its owner whatever the umask."""
    part = folder / "results/0003.tsv"
    part.unlink()
    shell.run(f"(umask 022; sbatch --wait --array=3 {JOB} documents.tsv results --now 59)")
    expect("the results with a part made alone", results(folder / "results"), whole)
    expect("the mode of the part", stat.filemode(part.stat().st_mode), "-rw-------")


def no_record_shifts_another(folder: Path, shell: readme.Shell) -> None:
    """Records that no password comes of, and records longer than a part, leave the others as they are."""
    secret = "<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>"
    records = [f"a\t{secret}", "b\t<Secret>1</Secret>", f"c\t{' ' * 60_000}{secret}", "d", "", f"e\t{secret}"]
    (folder / "mixed.tsv").write_text("\n".join(records))
    shell.run(f"sbatch --wait {JOB} mixed.tsv mixed --now 59")
    whole = shell.run("totp-adapter stream --operation GeneratePassword --columns id,document --now 59 < mixed.tsv")
    expect("the results of mixed records", results(folder / "mixed"), whole)
    # RFC 6238, appendix B: six digits of the password at second 59.
    sound = [line.split("\t")[0] for line in whole.splitlines() if line.endswith("\t1\t<Password>287082</Password>")]
    expect("the records with a password", sound, ["a", "c", "e"])
    expect("one line per record", len(whole.splitlines()), len(records))


def a_task_that_fails_leaves_no_result(folder: Path, shell: readme.Shell) -> None:
    """Without its input, or with an option that is wrong, a task fails and no part has a result's name."""
    for arguments in ("missing.tsv failed", "documents.tsv failed --nonsense"):
        code = shell.run(f"sbatch --wait --quiet {JOB} {arguments}; echo $?").strip()
        expect(f"the job with {arguments} fails", code != "0", True)
        expect(f"the results of {arguments}", list((folder / "failed").glob("*.tsv")), [])


def results(folder: Path) -> str:
    """The parts of a result, one after the other."""
    return "".join(part.read_text() for part in sorted(folder.glob("*.tsv")))


def expect(what: str, found, expected) -> None:
    """Fails where something is not as expected."""
    if found != expected:
        raise SystemExit(f"slurm: {what}: expected {expected!r:.300}, found {found!r:.300}")


if __name__ == "__main__":
    main()
