"""The demo's panel on the pages of circuits: ops and admins break and mend the service; whoever else only looks."""

import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse

from circuits.models import Service as Registered
from dashboard.demo import panel
from live.regions import find
from tests.demo.service import Service

pytestmark = pytest.mark.timeout(180)

CIRCUIT = "recommendations"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    service = Service(tmp_path_factory.mktemp("panel"), LEITSTAND_SECRET_KEY=configured.SECRET_KEY)
    yield service
    service.stop()


@pytest.fixture
def service(running, settings, db):
    settings.DEMO, settings.DEMO_SERVICE = True, running.address
    running.set(CIRCUIT, failure_rate=0, latency_seconds=0.1, hang=False)
    Registered.objects.create(name=CIRCUIT)
    return running


def turn(client, do, htmx=False, service=CIRCUIT, **typed):
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(reverse("demo-service", args=[service]), {"do": do, **typed}, headers=headers)


def see(client, service=CIRCUIT):
    return client.get(reverse("circuits:circuit", args=[service])).content.decode()


def test_ops_break_and_mend_it_on_the_page_of_its_circuit(client, olga, service):
    client.force_login(olga)
    assert "It answers every call." in see(client)
    answer = turn(client, "break")
    assert (answer.status_code, answer.url) == (302, reverse("circuits:circuit", args=[CIRCUIT]))
    page = see(client)
    assert "Broken: every call fails from now on." in page
    assert "It is broken: every call fails." in page
    assert "Set by olga" in page
    assert service.ask(f"/{CIRCUIT}")[0] == 503
    turn(client, "mend")
    assert service.ask(f"/{CIRCUIT}")[0] == 200
    assert service.told(CIRCUIT)["latency_seconds"] == 0.12


def test_admins_may_too(client, boss, service):
    client.force_login(boss)
    assert turn(client, "break").status_code == 302


def test_it_is_set_exactly_as_typed(client, olga, service):
    client.force_login(olga)
    assert turn(client, "set", percent="12.5", latency_seconds="0.3", hang="on").status_code == 302
    told = service.told(CIRCUIT)
    assert (told["failure_rate"], told["latency_seconds"], told["hang"], told["by"]) == (0.125, 0.3, True, "olga")
    assert "It hangs: no call is answered." in see(client)


def test_with_htmx_the_panel_alone_is_answered_with_a_receipt(client, olga, service):
    client.force_login(olga)
    answer = turn(client, "break", htmx=True).content.decode()
    assert answer.lstrip().startswith('<section class="panel pad stack" id="demo-service"')
    assert "Broken: every call fails from now on. Watch the circuit open." in answer
    assert "It is broken: every call fails." in answer


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"percent": "101", "latency_seconds": "1"}, "less than or equal to 100"),
        ({"percent": "-1", "latency_seconds": "1"}, "greater than or equal to 0"),
        ({"percent": "half", "latency_seconds": "1"}, "Enter a number."),
        ({"percent": "nan", "latency_seconds": "1"}, "Enter a number."),
        ({"percent": "5", "latency_seconds": "31"}, "less than or equal to 30"),
        ({"percent": "5", "latency_seconds": ""}, "This field is required."),
    ],
    ids=str,
)
def test_what_was_typed_stays_with_what_is_wrong_and_nothing_is_set(client, olga, service, typed, said, htmx):
    client.force_login(olga)
    before = service.told(CIRCUIT)
    answer = turn(client, "set", htmx, **typed)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert said in page
    assert f'value="{typed["percent"]}"' in page
    assert 'aria-invalid="true"' in page
    assert ("<nav" in page) is not htmx
    after = service.told(CIRCUIT)
    assert (after["failure_rate"], after["at"]) == (before["failure_rate"], before["at"])


def test_others_see_how_it_is_set_and_may_not_turn_it(client, rita, service):
    client.force_login(rita)
    page = see(client)
    assert "It answers every call." in page
    assert "Break it" not in page
    assert "sign in as olga" in page
    assert turn(client, "break").status_code == 403
    assert turn(client, "set", percent="100", latency_seconds="1").status_code == 403
    assert service.told(CIRCUIT)["failure_rate"] == 0


def test_a_stranger_is_asked_to_sign_in(client, service):
    assert turn(client, "break").status_code == 302
    assert service.told(CIRCUIT)["failure_rate"] == 0


def test_it_takes_a_token_of_the_form(olga, service):
    client = Client(enforce_csrf_checks=True)
    client.force_login(olga)
    assert turn(client, "break").status_code == 403
    assert service.told(CIRCUIT)["failure_rate"] == 0


def test_it_says_when_the_service_does_not_answer(client, olga, service, settings):
    settings.DEMO_SERVICE = "http://127.0.0.1:1"
    client.force_login(olga)
    assert "does not answer at http://127.0.0.1:1" in see(client)
    answer = turn(client, "mend")
    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()
    typed = turn(client, "set", percent="7", latency_seconds="1")
    assert typed.status_code == 503
    assert 'value="7"' in typed.content.decode()


def test_it_says_when_the_service_belongs_to_another_installation(client, olga, service, settings):
    settings.SECRET_KEY = "another one"
    client.force_login(olga)
    assert "Something else answers at" in see(client)
    assert turn(client, "break").status_code == 503


def test_without_the_demo_there_is_no_panel_no_address_and_nothing_live(client, boss, service, settings):
    settings.DEMO = False
    client.force_login(boss)
    assert "demo-service" not in see(client)
    assert turn(client, "break").status_code == 404
    assert not find(panel.REGION).may_watch(boss, CIRCUIT)
    assert service.told(CIRCUIT)["failure_rate"] == 0


def test_a_circuit_that_the_demo_does_not_play_has_no_panel(client, olga, service):
    Registered.objects.create(name="archive")
    client.force_login(olga)
    assert "demo-service" not in see(client, "archive")
    assert turn(client, "break", service="archive").status_code == 404


def test_it_only_takes_posts(client, olga, service):
    client.force_login(olga)
    assert client.get(reverse("demo-service", args=[CIRCUIT])).status_code == 405


def test_the_live_piece_says_how_many_calls_arrive(service, olga):
    for _ in range(3):
        service.ask(f"/{CIRCUIT}", **{"X-Caller": "worker-1"})
    region = find(panel.REGION)
    assert region.may_watch(olga, CIRCUIT)
    told = region.read(CIRCUIT, region.audience(olga, CIRCUIT))["now"].told
    assert told.lately >= 3
    assert "worker-1" in told.callers
