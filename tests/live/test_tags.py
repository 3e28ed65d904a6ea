"""The tags of live pages: the same HTML as the stream, and only for whom it is meant."""

from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory

from live.regions import find
from live.rendering import Outlook, Piece, render_for
from tests.live.conftest import write_down


def page(text, user):
    request = RequestFactory().get("/")
    request.user = user
    return Template("{% load live %}" + text).render(Context({"request": request, "key": "red"}))


def test_a_region_in_a_page_is_what_the_stream_sends(sign_in):
    user, _ = sign_in("maria", "red")
    write_down("<script>")
    streamed = render_for(find("board"), Piece("board", "red"), "everybody", Outlook("en", "UTC"))
    assert page('{% live_region "board" key %}', user) == streamed
    assert "&lt;script&gt;" in streamed


def test_a_region_is_not_there_for_whoever_may_not_watch_it(sign_in):
    user, _ = sign_in("maria")
    assert page('{% live_region "board" key %}{% live_region "nothing" %}', user) == ""
    assert page('{% live_region "board" key %}', AnonymousUser()) == ""


def test_the_socket_is_for_every_region_above_it_and_for_those_named(sign_in):
    user, _ = sign_in("maria", "red")
    html = page(
        '{% live_region "board" key %}{% live_region "board" "blue" %}{% live_connect "system" "board:red" %}', user
    )
    assert 'ws-connect="/live/?region=board%3Ared&amp;region=system"' in html


def test_nobody_signed_in_has_no_socket(sign_in):
    assert page("{% live_connect %}", AnonymousUser()) == ""


def test_an_element_has_a_plain_id_whatever_its_key():
    assert Piece("request", "4f-2").element_id == "region-request-4f-2"
    odd = Piece("circuit", "a/b c").element_id
    assert odd.replace("-", "").isalnum()
    assert odd != Piece("circuit", "a/b d").element_id
