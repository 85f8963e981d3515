"""Holds that a running service is as its own description says (contract 10.6).

    python openapi.py http://127.0.0.1:6238 [TOKEN [PROJECT:TOKEN]]

The first token is that of a client, the second one that of codes for a second factor.
openapi-spec-validator reads the description; schemathesis (4.x) makes requests of it, sound and broken ones, and compares
status, headers, types and bodies of the answers. Both come from PyPI. The last line says that all went well.
"""

import base64
import subprocess
import sys
import tempfile
from pathlib import Path

import requests
from openapi_spec_validator import validate

# Not `positive_data_acceptance`: names that are sound by themselves may not fit into a QR code together, and bytes that
# are sent as a picture are none. Not `negative_data_rejection`: what it sends in place of a key, `null`, is a key in
# Base32. Not `ignored_auth`: who may call is tested elsewhere.
CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
          "response_schema_conformance", "missing_required_header", "unsupported_method"]


# Codes for a second factor have callers of their own.
CONFIGURATION = """
[[operations]]
include-path-regex = "^/api/relay/rest/mfa/"
headers = { Authorization = "Basic %s" }
"""


def main(base, token=None, project=None):
    description = requests.get(f"{base}/openapi.json", timeout=60)
    description.raise_for_status()
    assert description.headers["Content-Type"] == "application/json", description.headers
    validate(description.json())
    arguments = ["run", f"{base}/openapi.json", "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing",
                 "--max-examples", "30", "--seed", "6238", "--suppress-health-check", "all", "--no-color",
                 "--request-timeout", "60"]
    if token:
        arguments += ["--header", f"Authorization: Bearer {token}"]
    with tempfile.TemporaryDirectory() as folder:
        if project:
            credentials = base64.b64encode(project.encode()).decode()
            Path(folder, "schemathesis.toml").write_text(CONFIGURATION % credentials)
        # Beside the interpreter, since the program of a virtual environment need not be on the PATH.
        program = Path(sys.executable).with_name("schemathesis")
        ran = subprocess.run([program, *arguments], cwd=folder)
    if ran.returncode != 0:
        sys.exit(ran.returncode)
    print("ok: the service is as described")


main(*sys.argv[1:])
