"""TOTP in Apache Airflow 3: a DAG that makes a one-time password and one that verifies one, both by BashOperator.

To use them, copy this file into the DAG folder. totp-adapter must be on the worker's PATH, and the folder that the
parameter `folder` names must be closed to others: it holds the secret.

    airflow dags trigger totp_generate_password --conf '{"folder": "/srv/totp"}'
    airflow dags trigger totp_verify_password --conf '{"folder": "/srv/totp"}'
"""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param

FOLDER = {"folder": Param("/srv/totp", type="string", description="Where the documents are")}


def totp(operation: str, document: str, result: str) -> BashOperator:
    """A task that runs an operation on a document in the folder.

    BashOperator logs what a command writes and hands its last line on as XCom: the result goes to a file. The folder
    is the working directory, since what a command line holds could be read as shell. Exit code 1 (status 403) skips
    the task and those after it; exit code 2 (status -1) fails it.
    """
    return BashOperator(
        task_id=operation,
        bash_command=f"totp-adapter --operation {operation} --input {document} --output {result}",
        cwd="{{ params.folder }}",
        skip_on_exit_code=1,
        do_xcom_push=False,
    )


with DAG("totp_generate_password", schedule=None, params=FOLDER):
    totp("GeneratePassword", "secret.xml", "password.xml")

with DAG("totp_verify_password", schedule=None, params=FOLDER):
    # What may happen only after the right password comes after it.
    totp("VerifyPassword", "totp.xml", "verified.xml") >> EmptyOperator(task_id="proceed")
