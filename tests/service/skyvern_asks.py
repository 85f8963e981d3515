"""Skyvern's own code asks a running service for codes (contract 12.1).

    python skyvern_asks.py target/debug/totp-adapter

It needs `skyvern==1.0.56`, without its dependencies, and the packages that `.ci/run` installs beside it: modules that the
polling of codes does not use are empty here. What asks, signs and reads the answers is all Skyvern's. The last line says that
all went well.
"""

import asyncio
import importlib.abc
import importlib.machinery
import re
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path
from unittest import mock


class Meta(type):
    """Classes that have whatever anybody asks them for."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Thing

    def __getitem__(cls, _):
        return cls


class Thing(Exception, metaclass=Meta):
    """Whatever a module that is not installed would have: a class to inherit from, a function, a decorator, an exception."""

    def __init__(self, *_, **__):
        super().__init__()

    def __call__(self, *arguments, **_):
        return arguments[0] if len(arguments) == 1 and callable(arguments[0]) else self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Thing()

    @classmethod
    def __get_pydantic_core_schema__(cls, _, __):
        from pydantic_core import core_schema
        return core_schema.any_schema()


class Empty(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands for modules that Skyvern imports and that are not installed."""

    def find_spec(self, name, path, target=None):
        frame = sys._getframe(1)
        while "importlib" in frame.f_code.co_filename:
            frame = frame.f_back
        importer = frame.f_globals.get("__name__", "")
        if name.split(".")[0] == "skyvern" or not importer.startswith("skyvern"):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__path__ = []
        module.__getattr__ = lambda name: getattr(Thing, name)
        return module

    def exec_module(self, module):
        pass


sys.meta_path.append(Empty())

import pyotp  # noqa: E402
from skyvern.config import settings  # noqa: E402
from skyvern.forge import app  # noqa: E402
from skyvern.forge.agent_functions import AgentFunction  # noqa: E402
from skyvern.services import otp_service  # noqa: E402

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
OTHER = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
KEY = "eyJhbGciOiJIUzI1NiJ9.e30.key-of_the-test:100%+/=~"
CONFIGURATION = """
listen = "127.0.0.1:0"
state = "state.db"
accounts = "accounts"
[[skyvern]]
path = "billing"
account = "billing"
api_key_file = "skyvern.key"
[skyvern.tasks]
tsk_other = "other"
wpid_other = "other"
[[skyvern]]
path = "fresh"
account = "slow"
api_key_file = "skyvern.key"
minimum_rest = 3599
"""


def write(folder):
    """Accounts, a key and a configuration."""
    (folder / "accounts").mkdir(mode=0o700)
    files = {
        "accounts/billing.xml": f"<Secret>{SECRET}</Secret>",
        "accounts/other.xml": f"<Secret>{OTHER}</Secret>",
        "accounts/slow.xml": f"<Secret>{SECRET}</Secret>",
        "accounts/slow.parameters.xml": "<Parameters><period>3600</period></Parameters>",
        "skyvern.key": KEY + "\n",
        "t.toml": CONFIGURATION,
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o600)


async def ask(base, path, key=KEY, **ids):
    """What Skyvern makes of one answer."""
    value = await otp_service._get_otp_value_from_url("o_1", f"{base}/skyvern/{path}", key, **ids)
    return None if value is None else value.value


async def code(base, secret, **ids):
    """A code, which the service may hold back for as long as the step ends soon."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        before = time.time()
        found = await ask(base, "billing", **ids)
        if found is not None:
            totp = pyotp.TOTP(secret)
            assert found in (totp.at(before), totp.now()), (found, ids)
            # Some time is left, less what the answer took.
            assert 30 - before % 30 > 10 or time.time() // 30 != before // 30, before
            return
        await asyncio.sleep(1)
    raise AssertionError(f"no code for {ids}")


async def check(base):
    """Asks as Skyvern does, with each of its members present or absent."""
    await code(base, SECRET)
    await code(base, SECRET, task_id="tsk_123")
    await code(base, SECRET, task_id="tsk_ä", workflow_run_id="wr_9", workflow_permanent_id="wpid_7")
    await code(base, OTHER, task_id="tsk_other")
    await code(base, OTHER, workflow_run_id="wr_9", workflow_permanent_id="wpid_other")
    # A wrong key is a violation of the contract to Skyvern, and no code.
    assert await ask(base, "billing", key="wrong", task_id="tsk_123") is None
    # A step that ends too soon: Skyvern reads it as "not yet". In the first second of an hour there would be a code.
    if time.time() % 3600 < 2:
        await asyncio.sleep(3)
    assert await ask(base, "fresh", task_id="tsk_123") is None


def main(program):
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    app.set_app(mock.MagicMock(AGENT_FUNCTION=AgentFunction()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        command = [Path(program).resolve(), "serve", "--config", "t.toml", "--log-format", "json"]
        service = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
        try:
            log = []
            for line in service.stderr:
                log.append(line)
                if '"listening"' in line:
                    break
            address = re.search(r'"listening".*?"address":"([^"]+)"', log[-1]).group(1)
            asyncio.run(check(f"http://{address}"))
        finally:
            service.terminate()
            log.extend(service.stderr)
            assert service.wait(60) == 0, "".join(log)
        written = "".join(log)
        assert "tsk_123" not in written and KEY not in written and SECRET not in written, written
    print("ok: Skyvern gets its codes")


main(*sys.argv[1:])
