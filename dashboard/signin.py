"""Signing in: the form, and in the demo one button per person. Nothing else lets anybody in without a password."""

from typing import Any, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from dashboard.demo.people import MARK


class DemoPerson(NamedTuple):
    username: str
    can: Any


DEMO_PEOPLE = (
    DemoPerson("maria", gettext_lazy("Manager: decides first, on everything")),
    DemoPerson("peter", gettext_lazy("Manager as well: whichever of the two decides first counts")),
    DemoPerson("dirk", gettext_lazy("Director: decides from 10,000 € on")),
    DemoPerson("vera", gettext_lazy("VP: decides from 100,000 € on")),
    DemoPerson("carla", gettext_lazy("CEO: decides from 1,000,000 € on")),
    DemoPerson("rita", gettext_lazy("Asks; decides nothing")),
    DemoPerson("olga", gettext_lazy("Runs the operations; decides nothing")),
    DemoPerson("admin", gettext_lazy("Sees everything, the ledger and the admin site")),
)


class SignIn(LoginView):
    """The form of Django, which sends ``next`` only to addresses of this site."""

    template_name = "registration/login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(demo_people=demo_people(), **kwargs)


def demo_people() -> list[tuple[User, DemoPerson]]:
    """Who can be signed in as by one button: nobody unless this is the demo, and nobody whom the demo did not make."""
    if not settings.DEMO:
        return []
    found = User.objects.filter(is_active=True, email__endswith=MARK).in_bulk(
        [p.username for p in DEMO_PEOPLE], field_name="username"
    )
    return [(found[person.username], person) for person in DEMO_PEOPLE if person.username in found]


@login_not_required
@require_POST
def sign_in_as(request: HttpRequest) -> HttpResponse:
    """Sign in as a person of the demo, without a password. Outside the demo this address does not exist."""
    if not settings.DEMO:
        raise Http404
    wanted = request.POST.get("username", "")
    user = next((user for user, _person in demo_people() if user.get_username() == wanted), None)
    if user is None:
        messages.error(request, _("There is no such person in the demo. Choose one of those shown here."))
        return redirect("login")
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponseRedirect(_safe_next(request))


def _safe_next(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is on this site; else home."""
    wanted = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if here else resolve_url(settings.LOGIN_REDIRECT_URL)
