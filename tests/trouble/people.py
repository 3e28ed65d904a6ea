"""People who use a running Leitstand: in a browser, or by HTTP as a program would."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from tests.readymade import PASSWORD
from tests.up.running import ROOT, Up, surroundings


def manage(up: Up, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A management command on the data folder of a running `up`."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    environment = surroundings(LEITSTAND_DATA=str(up.data))
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def chromium() -> str | None:
    """The browser that the tests drive; ``bin/test`` names it, or sees to it that there is one."""
    names = (os.environ.get("LEITSTAND_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


class Person:
    """Signed in over HTTP, with a cookie jar of their own."""

    def __init__(self, up: Up, username: str) -> None:
        self.base = f"http://127.0.0.1:{up.port}"
        self.jar = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.jar))
        self.get("/accounts/login/")
        status, _ = self.post("/accounts/login/", username=username, password=PASSWORD)
        assert status == 200
        assert any(cookie.name == "sessionid" for cookie in self.jar), f"{username} is not signed in"

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        return self._open(Request(self.base + path, headers=headers))

    def post(self, path: str, json_answer: bool = False, **fields: Any) -> tuple[int, str]:
        token = next((cookie.value for cookie in self.jar if cookie.name == "csrftoken"), "") or ""
        headers = {"X-CSRFToken": token, "Referer": self.base + path}
        if json_answer:
            headers["Accept"] = "application/json"
        return self._open(Request(self.base + path, data=urlencode(fields).encode(), headers=headers))

    def _open(self, request: Request) -> tuple[int, str]:
        try:
            with self.opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as refused:
            return refused.code, refused.read().decode()

    def submit(self, title: str, amount: str, **more: str) -> str:
        """The uuid of a new request, as the redirect after the form names it."""
        fields = {"title": title, "amount": amount, "currency": "EUR", "kind": "default", "details": "", "action": ""}
        fields |= {"form_id": str(uuid.uuid4())} | more
        request = Request(self.base + "/approvals/new/", data=urlencode(fields).encode())
        token = next((cookie.value for cookie in self.jar if cookie.name == "csrftoken"), "") or ""
        request.add_header("X-CSRFToken", token)
        request.add_header("Referer", self.base + "/approvals/new/")
        with self.opener.open(request, timeout=30) as answer:
            return str(answer.url).rstrip("/").split("/")[-1]

    def decide(self, uuid_: str, verdict: str, level: str, decision_id: str, comment: str = "") -> dict[str, Any]:
        """A decision by the contract's JSON; the answer with its HTTP status as ``status``."""
        status, body = self.post(
            f"/approvals/{uuid_}/decide/",
            json_answer=True,
            verdict=verdict,
            level=level,
            decision_id=decision_id,
            comment=comment,
        )
        return {"status": status, **json.loads(body)}
