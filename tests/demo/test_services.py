"""The demo's services in the registry: there once, changed by people, following the address of what they stand for."""

import pytest
from django.contrib.auth.models import Group

from circuits.models import Service
from circuits.services import save_service
from dashboard.demo import loading, services


@pytest.fixture(autouse=True)
def _somewhere(settings):
    settings.DEMO_SERVICE = "http://127.0.0.1:8330"


def test_they_are_registered_once_with_their_rungs(olga):
    services.load(olga)
    services.load(olga)
    assert services.are_registered()
    found = Service.objects.get(name="recommendations")
    assert found.version == 1
    assert found.base_url == "http://127.0.0.1:8330/recommendations"
    assert [rung.name for rung in found.rungs.all()] == ["learned", "rules", "popular"]
    assert found.timeout_seconds == 20


def test_what_people_have_changed_stays_and_only_the_address_follows(olga, settings):
    services.load(olga)
    found = Service.objects.get(name="fx-rates")
    found.failure_threshold = 9
    save_service(service=found, rungs=list(found.rungs.all()), reason="too nervous", by=olga)
    settings.DEMO_SERVICE = "http://127.0.0.1:9999"
    services.load(olga)
    found.refresh_from_db()
    assert (found.failure_threshold, found.base_url) == (9, "http://127.0.0.1:9999/fx-rates")
    assert [rung.name for rung in found.rungs.all()] == ["today", "yesterday"]
    assert found.version == 3


def test_an_address_that_somebody_chose_stays(olga, settings):
    services.load(olga)
    found = Service.objects.get(name="payments")
    found.base_url = "https://payments.example"
    save_service(service=found, rungs=[], reason="the real one", by=olga)
    settings.DEMO_SERVICE = "http://127.0.0.1:9999"
    services.load(olga)
    found.refresh_from_db()
    assert found.base_url == "https://payments.example"


def test_where_olga_is_no_operator_any_more_loading_says_what_to_do(olga):
    olga.groups.remove(Group.objects.get(name="ops"))
    with pytest.raises(loading.Refused, match="olga, who is no operator any more"):
        loading._register(olga)
    assert not services.are_registered()
