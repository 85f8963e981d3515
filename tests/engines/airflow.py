"""The Airflow DAGs, run for real: the page's commands, and what Airflow keeps of a run.

    PATH=VENV/bin:$PATH python3 tests/engines/airflow.py

It needs oathtool, and the airflow and pip of a virtual environment with the versions that its page installs.
"""

import re
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import readme

# RFC 6238's key.
KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


# contract 8.2b
def main() -> None:
    """Runs the page's commands, then looks at files, logs and the database."""
    for program in ["airflow", "pip", "oathtool"]:
        if not shutil.which(program):
            raise SystemExit(f"airflow: {program} is missing")
    readme.run("airflow", prepare=prepare, check=check)
    print("airflow: as it should be")


def prepare(folder: Path) -> None:
    """Puts there the secret that a user has."""
    (folder / "secret.xml").write_text(f"<Secret>{KEY}</Secret>\n")


def check(folder: Path, shell: readme.Shell) -> None:
    """A fresh password is right and private, each status has its state, and nothing was told."""
    password = fresh_password(folder, shell)
    for name in ["password.xml", "verified.xml"]:
        expect(stat.S_IMODE((folder / name).stat().st_mode), 0o600, f"mode of {name}")

    # The page's runs: the right password, a wrong one. Then a secret that is none.
    (folder / "totp.xml").write_text("<TOTP><Password>000000</Password><Secret>0</Secret></TOTP>")
    expect(test(shell, "totp_verify_password"), "1\n", "exit code of a run with status -1")
    states = ["success, success", "skipped, skipped", "failed, upstream_failed"]
    expect(states_of(folder, "totp_verify_password"), states, "states of VerifyPassword and what comes after it")
    nothing_told(folder, password)


def fresh_password(folder: Path, shell: readme.Shell) -> str:
    """The password of one more run, as the file has it and oathtool confirms it."""
    # Airflow takes its time: the password is that of this time step or of one that follows.
    right = [f"<Password>{password}</Password>\n" for password in oathtool()]
    expect(test(shell, "totp_generate_password"), "0\n", "exit code")
    found = (folder / "password.xml").read_text()
    if found not in right:
        raise SystemExit(f"airflow: expected one of {right} in password.xml, found {found}")
    return found[len("<Password>") : -len("</Password>\n")]


def oathtool() -> list:
    """The passwords of this time step and the three that follow."""
    command = ["oathtool", "--totp", "-b", "--window=3", KEY]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test(shell: readme.Shell, dag: str) -> str:
    """The exit code of a run like those of the page."""
    conf = '"{\\"folder\\": \\"$PWD\\"}"'
    return shell.run(f"airflow dags test {dag} --conf {conf} >> airflow.log 2>&1; echo $?")


def states_of(folder: Path, dag: str) -> list:
    """The states of a DAG's tasks, a line for each of its runs in their order."""
    query = """select group_concat(state, ', ') from (select run_id, state from task_instance
        where dag_id = ? order by run_id, task_id = 'proceed') group by run_id order by run_id"""
    return [states for (states,) in rows(folder, query, dag)]


def nothing_told(folder: Path, password: str) -> None:
    """Neither log nor XCom nor anything else in Airflow's folder has the password or the secret."""
    log = (folder / "airflow.log").read_text()
    expect("--operation GeneratePassword" in log, True, "the command in the log")
    expect(rows(folder, "select key, value from xcom"), [], "XCom")
    for file in [folder / "airflow.log", *(folder / "airflow").rglob("*")]:
        if file.is_file():
            content = file.read_bytes()
            for told in [KEY, "<Password>", "<Secret>"]:
                expect(told.encode() in content, False, f"{told} in {file.name}")
    # Six digits are also in the fractions of a second that a log is full of.
    expect(re.findall(rf"(?<![\d.]){password}(?!\d)", log), [], "the password in the log")


def rows(folder: Path, query: str, *values: str) -> list:
    """What a query finds in Airflow's database."""
    with closing(sqlite3.connect(folder / "airflow/airflow.db")) as database:
        return database.execute(query, values).fetchall()


def expect(found, expected, what: str) -> None:
    """What was found is what was expected."""
    if found != expected:
        raise SystemExit(f"airflow: {what}: expected {expected}, found {found}")


if __name__ == "__main__":
    main()
