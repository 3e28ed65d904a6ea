"""Looking after children, with small programs in their place."""

import os
import signal
import subprocess
import sys
import time

import pytest

from dashboard.up.child import Child, describe
from dashboard.up.folder import Refused
from dashboard.up.supervisor import Supervisor
from tests.up.running import ROOT, alive, until


@pytest.fixture
def child(tmp_path):
    made = []

    def make(script, patience=5.0):
        made.append(Child("the helper", ["bash", "-c", script], dict(os.environ), tmp_path / "helper.log", patience))
        return made[-1]

    yield make
    for one in made:
        one.kill()


def test_a_child_does_not_hear_the_terminals_ctrl_c(child):
    helper = child("sleep 60")
    helper.start()
    assert os.getpgid(helper.process.pid) == helper.process.pid != os.getpgid(0)


def test_stopping_a_child_ends_what_it_started_too(child, tmp_path):
    helper = child("trap 'exit 0' TERM; (trap '' TERM; sleep 60) & echo $!; wait")
    helper.start()
    grandchild = int(until(lambda: helper.last_lines() and helper.last_lines()[0], "its process id"))
    helper.stop()
    until(lambda: not alive(grandchild), "the grandchild to be gone")


def test_a_child_that_will_not_stop_is_ended_after_its_patience(child):
    helper = child("trap '' TERM; echo deaf; while true; do sleep 0.1; done", patience=0.3)
    helper.start()
    until(helper.last_lines, "it to be deaf")
    helper.stop()
    assert helper.exit_code() == -signal.SIGKILL


def test_the_last_lines_are_those_since_its_last_start(child):
    helper = child("echo once more; exit 3")
    for _ in range(2):
        helper.start()
        helper.process.wait()
    assert helper.last_lines() == ["once more"]
    assert helper.log.read_text() == "once more\nonce more\n"


def test_before_all_is_ready_a_child_that_keeps_dying_ends_the_start_and_shows_why(child, capsys):
    supervisor = Supervisor()
    supervisor.start(child("echo the disk is full; exit 3"))
    with pytest.raises(Refused, match="The helper does not stay up"):
        supervisor.watch()
    said = capsys.readouterr().out
    assert said.count("The helper has stopped (exit code 3: its log says why).") == 3
    assert "    the disk is full" in said


def test_once_all_was_ready_it_is_tried_for_ever_with_growing_pauses(child, capsys):
    supervisor = Supervisor()
    supervisor.settled = True
    helper = child("exit 3")
    supervisor.start(helper)
    end = time.monotonic() + 30
    said = ""
    while "It is started again in 4 s." not in said and time.monotonic() < end:
        supervisor.look()
        supervisor._due = dict.fromkeys(supervisor._due, 0.0)  # the pause is over at once
        said += capsys.readouterr().out
    pauses = [line.split()[-2] for line in said.splitlines() if "started again in" in line]
    assert pauses[:4] == ["0.5", "1", "2", "4"]


# On a terminal both come together; here the second is sent once the first was heard.
TWO_SIGNALS = """
import sys
from pathlib import Path
from dashboard.up.child import Child
from dashboard.up.supervisor import Stopping, Supervisor, say
supervisor = Supervisor()
supervisor.listen()
deaf = ["bash", "-c", "trap '' TERM; sleep 600 & wait; sleep 600"]
supervisor.start(Child("the helper", deaf, {}, Path(sys.argv[1]), 600.0))
say(f"{supervisor.children[0].process.pid}")
try:
    supervisor.watch()
except Stopping:
    supervisor.stop_all()
"""


def test_a_second_ctrl_c_ends_everything_at_once(tmp_path):
    command = [sys.executable, "-c", TWO_SIGNALS, str(tmp_path / "helper.log")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        helper = int(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "\n"
        assert process.stdout.readline().startswith("Stopping.")
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline().startswith("Ended at once.")
        assert process.wait(10) == 130
    until(lambda: not alive(helper), "the helper to be gone")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-9, "killed by signal 9: somebody, or the system when short of memory, has ended it"),
        (-11, "ended by signal 11: Segmentation fault"),
        (0, "exit code 0: it ended by itself, without being asked to"),
        (7, "exit code 7: its log says why"),
    ],
)
def test_an_exit_code_is_told_in_words(code, words):
    assert describe(code) == words
