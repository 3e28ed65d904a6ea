"""Pages that say what happened, what it means and what to do next."""

import io
import logging

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client, override_settings
from django.urls import include, path

from tests.dashboard.html import refused_by_the_policy


def broken(_request: HttpRequest):
    raise RuntimeError("a fault in a view")


def forbidden(_request: HttpRequest):
    raise PermissionDenied


def damaged(_request: HttpRequest):
    raise SuspiciousOperation("damaged")


for view in (broken, forbidden, damaged):
    view.login_required = False

urlpatterns = [
    path("", include("dashboard.urls")),
    path("broken/", broken),
    path("forbidden/", forbidden),
    path("damaged/", damaged),
]
with_trouble = override_settings(ROOT_URLCONF="tests.dashboard.test_errors")


@with_trouble
@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/broken/", 500, "the fault is ours"),
        ("/forbidden/", 403, "This is not yours to do"),
        ("/damaged/", 400, "could not be understood"),
        ("/nowhere/", 404, "There is nothing here for you"),
    ],
)
@pytest.mark.parametrize("signed_in", [True, False])
def test_each_trouble_has_a_page_of_its_own(client, maria, address, status, words, signed_in):
    client.raise_request_exception = False
    if signed_in:
        client.force_login(maria)
    answer = client.get(address)
    page = answer.content.decode()
    assert answer.status_code == status
    assert words in page
    assert "Go home" in page
    assert not refused_by_the_policy(page)
    assert "default-src" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_the_worst_pages_need_neither_a_request_nor_a_database(name):
    assert "Nothing was changed" in render_to_string(name) or "safe" in render_to_string(name)


def test_a_form_that_is_too_old_says_what_to_do(maria):
    client = Client(enforce_csrf_checks=True)
    client.force_login(maria)
    answer = client.post("/accounts/logout/")
    assert answer.status_code == 403
    assert "Go back, reload that page, and send it again." in answer.content.decode()


def test_a_page_that_failed_tells_nothing_of_its_inside(client, db):
    client.raise_request_exception = False
    with with_trouble:
        page = client.get("/broken/").content.decode()
    assert "RuntimeError" not in page
    assert "a fault in a view" not in page


@with_trouble
def test_a_refusal_is_one_line_in_the_log_and_a_fault_its_traceback(client):
    handler = next(one for one in logging.getLogger().handlers if one.get_name() == "console")
    client.raise_request_exception = False
    said = io.StringIO()
    before = handler.setStream(said)
    try:
        client.get("/forbidden/")
        assert "Forbidden" in said.getvalue()
        assert "Traceback" not in said.getvalue()
        client.get("/broken/")
        assert "Traceback" in said.getvalue()
    finally:
        handler.setStream(before)
