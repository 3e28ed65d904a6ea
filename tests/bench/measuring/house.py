"""A real `up` in a folder of its own, with people who are signed in, and requests for them."""

import http.client
import json
import os
import re
import time
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.up.running import Up, until

QUEUE = "leitstand"
CSRF = "b" * 32


class Browser:
    """One person's connection, kept alive, with their session's cookie."""

    def __init__(self, port: int, session: str) -> None:
        self.port, self.session = port, session
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        headers = {"Cookie": f"sessionid={self.session}; csrftoken={CSRF}", "X-CSRFToken": CSRF}
        if body is not None:
            headers |= {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.connection.close()  # an idle connection that the server has closed
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        return answer.status, answer.read()

    def get(self, path: str) -> bytes:
        status, body = self._ask("GET", path)
        assert status == 200, (status, path, body[:500])
        return body

    def decide(self, request: uuid.UUID, level: str, decision_id: str = "", verdict: str = "approve") -> dict[str, Any]:
        form = {"verdict": verdict, "level": level, "comment": "", "decision_id": decision_id or str(uuid.uuid4())}
        status, body = self._ask("POST", f"/approvals/{request}/decide/", urlencode(form))
        assert status == 200, (status, body[:500])
        return dict(json.loads(body))


class House:
    """`up`, and this process as a second one on its database and its Temporal."""

    def __init__(self, data: Path) -> None:
        self.up = Up(data).ready()
        os.environ |= {"LEITSTAND_DATA": str(data), "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
        os.environ["TEMPORAL_ADDRESS"] = self.temporal = (
            f"127.0.0.1:{json.loads((data / 'ports.json').read_text())['temporal']}"
        )
        import django

        django.setup()
        self.sessions: dict[str, str] = {}

    def again(self) -> float:
        """Stop it and start it on the same folder; the seconds until the second one is ready."""
        self.up.end()
        begun = time.monotonic()
        self.up = Up(self.up.data, self.up.port).ready()
        return time.monotonic() - begun

    # --- people ---------------------------------------------------------------------------------------------------

    def person(self, username: str, level: str = "") -> Browser:
        """Signed in by a session of their own, without the cost of a password."""
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
        from django.contrib.auth.models import User
        from django.contrib.sessions.backends.db import SessionStore

        from approvals.models import Level, LevelHolder

        user, new = User.objects.get_or_create(username=username, defaults={"password": "!"})
        if new and level:
            LevelHolder.objects.create(user=user, level=Level.objects.get(name=level))
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        self.sessions[username] = str(session.session_key)
        return Browser(self.up.port, str(session.session_key))

    # --- requests -------------------------------------------------------------------------------------------------

    def requests(self, count: int, amount: float = 500.0, patience: float = 900.0) -> list[uuid.UUID]:
        """So many, started as a program starts them, when the first level of each is open."""
        from approvals.models import Request

        made = [uuid.uuid4() for _ in range(count)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda one: self._start(one, amount), made))

        def open_ones() -> bool:
            first = {
                "status": "waiting",
                "deadline__isnull": False,
                "workflow_id__in": [f"approval-{u}" for u in made[-500:]],
            }
            return Request.objects.filter(**first).count() == len(made[-500:]) and waiting() >= count

        def waiting() -> int:
            return Request.objects.filter(status="waiting", deadline__isnull=False).count()

        until(open_ones, f"{count} requests to be open", patience)
        return made

    def _start(self, one: uuid.UUID, amount: float) -> None:
        from worker import client

        asked = {"title": f"Measured {one}", "amount": amount, "requester": "robot"}
        for _ in range(10):
            try:
                client.start("MultiStepApprovalWorkflow", [asked], workflow_id=f"approval-{one}", task_queue=QUEUE)
                return
            except client.ClientError:
                time.sleep(1)
        raise RuntimeError(f"{one} cannot be started")

    def opened(self, requests: Iterable[uuid.UUID], level: str) -> None:
        """Until this level of each of them is open."""
        from approvals.models import Request

        for one in requests:
            until(
                lambda one=one: Request.objects.filter(uuid=one, current_level=level, deadline__isnull=False).exists(),
                f"{level} of {one} to be open",
            )

    # --- sizes ----------------------------------------------------------------------------------------------------

    def resident(self) -> dict[str, int]:
        """Megabytes that web and worker hold."""
        found = {}
        for name, pid in self.up.children().items():
            status = Path(f"/proc/{pid}/status").read_text()
            found[name] = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) // 1024  # type: ignore[index]
        return found

    def processor(self, name: str) -> float:
        """Seconds of processor time that a child has used so far."""
        parts = Path(f"/proc/{self.up.children()[name]}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")
