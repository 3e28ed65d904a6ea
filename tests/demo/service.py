"""The demo's service as a process of its own, asked as its callers and its site ask it."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from dashboard.up import ports
from tests.up.running import ROOT, surroundings, until

KEY = "the installation's own"
TOKEN = """
import django
django.setup()
from dashboard.demo.service.knobs import token
print(token())
"""


class Service:
    """Started on a free port; ``restart`` keeps port and folder."""

    def __init__(self, data: Path, **more: str) -> None:
        self.data = data
        self.port = ports.any_free()
        self.address = f"http://127.0.0.1:{self.port}"
        own = {"LEITSTAND_DATA": str(data), "LEITSTAND_DEMO": "1", "LEITSTAND_SECRET_KEY": KEY}
        self.environment = surroundings(DJANGO_SETTINGS_MODULE="dashboard.settings", **(own | more))
        self.token = self._python(TOKEN).strip()
        self.start()

    def _python(self, code: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-c", code], env=self.environment, cwd=ROOT, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def start(self) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), "demo_service", "--port", str(self.port)]
        with (self.data / "demo_service.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        until(lambda: ports.answers(self.port) or self.process.poll() is not None, "the demo's service to answer")
        assert self.process.poll() is None

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        return self.process.wait(30)

    def ask(self, target: str, method: str = "GET", body: Any = None, token: str = "", **headers: str) -> Any:
        """Status and what it said."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}{target}", data, method=method, headers=headers)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def set(self, service: str, **knobs: Any) -> Any:
        status, said = self.ask(f"/settings/{service}", "PUT", knobs, self.token)
        assert status == 200, said
        return said[service]

    def told(self, service: str) -> dict[str, Any]:
        return dict(self.ask(f"/settings/{service}", token=self.token)[1][service])

    def calls_by_caller(self, service: str) -> dict[str, int]:
        return {name: seen["calls"] for name, seen in self.told(service)["arrivals"]["callers"].items()}
