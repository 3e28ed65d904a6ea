"""Times are said in the zone of whoever looks: on pages, and in what comes down the socket."""

from datetime import UTC, datetime

from django.utils import timezone

from accounts import services
from accounts.models import Preferences
from approvals.models import Request
from tests.approvals.web.making import request_of
from tests.conftest import person
from tests.live.conftest import session_of

MORNING = datetime(2026, 1, 10, 6, 30, tzinfo=UTC)
TOKYO, UTC_TITLE = "10 Jan 2026, 15:30:00 JST", "10 Jan 2026, 06:30:00 UTC"


def live_in(user, zone):
    Preferences.objects.update_or_create(user=user, defaults={"time_zone": zone})


def the_request(rita):
    return request_of(rita, "manager", created_at=MORNING)


def page_of(client, user, request):
    client.force_login(user)
    return client.get(request.get_absolute_url()).content.decode()


def test_a_page_says_times_in_the_viewers_zone_and_names_it_in_the_title(client, rita, maria):
    request = the_request(rita)
    live_in(maria, "Asia/Tokyo")
    assert TOKYO in page_of(client, maria, request)
    assert UTC_TITLE in page_of(client, rita, request)


def test_the_next_request_in_the_same_thread_is_in_its_own_zone(client, rita, maria):
    live_in(maria, "Asia/Tokyo")
    page_of(client, maria, the_request(rita))
    assert timezone.get_current_timezone_name() == "UTC"


def test_a_zone_that_does_not_exist_any_more_is_that_of_the_site(client, rita, maria):
    live_in(maria, "Europe/Atlantis")
    assert UTC_TITLE in page_of(client, maria, the_request(rita))


def test_each_viewer_of_the_same_region_gets_frames_in_their_own_zone(look, transactional_db):
    rita, maria = person("rita"), person("maria", "manager")
    live_in(maria, "Asia/Tokyo")
    request = the_request(rita)
    region, slot = f"request:{request.uuid}", f"region-request-{request.uuid}"
    hers, ritas = look(region, cookie=session_of(maria)), look(region, cookie=session_of(rita))
    hers.until(TOKYO, slot)
    ritas.until(UTC_TITLE, slot)
    assert not any(UTC_TITLE in version for version in hers.versions(slot))


def test_a_page_that_is_open_changes_its_zone_when_it_is_chosen(look, transactional_db):
    maria = person("maria", "manager")
    request = the_request(person("rita"))
    slot = f"region-request-{request.uuid}"
    page = look(f"request:{request.uuid}", cookie=session_of(maria))
    page.until(UTC_TITLE, slot)
    usual = {name: "en" if name == "language" else True for name in services.FIELDS if name != "time_zone"}
    services.save_preferences(by=maria, time_zone="Asia/Tokyo", **usual)
    page.until(TOKYO, slot)
    assert Request.objects.count() == 1
