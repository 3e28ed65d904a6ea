"""The pages of approvals: fetch with permission, act, render."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.people import person
from approvals import answers, policies, services, stranded
from approvals.access import get_request_for
from approvals.again import beginning, can_be_followed, followers
from approvals.filters import asked_of
from approvals.forms import CURRENCIES, ChainForm, DecideForm, NewRequestForm, ReasonForm
from approvals.models import Attempt
from approvals.once import read_once
from approvals.page import request_page

View = Callable[..., HttpResponse]


def signed_in(view: View) -> View:
    """Like the site's own sign-in check, but programs and htmx get 401: what was typed stays where it is."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if answers.wants_json(request):
            return JsonResponse({"state": "not_signed_in", "reason": _("Sign in first.")}, status=401)
        return HttpResponse(status=401) if answers.is_htmx(request) else redirect_to_login("/")

    return login_not_required(checked)


@require_safe
@never_cache
@read_once
def inbox(request: HttpRequest) -> HttpResponse:
    asked, form = asked_of(request.GET)
    return render(request, "approvals/inbox.html", {"asked": asked, "form": form})


@never_cache
def new(request: HttpRequest) -> HttpResponse:
    by = person(request)
    if request.method != "POST":
        return _begun(request, by)
    form = NewRequestForm(request.POST, by=by)
    if "show_chain" in request.POST:
        return _new_form(request, form)
    if not form.is_valid():
        form.focus_on_what_is_wrong()
        return _new_form(request, form, status=400)
    return redirect(_submit(form, by))


def _begun(request: HttpRequest, by: User) -> HttpResponse:
    """An empty form, or one that begins with what it asks for again."""
    initial: dict[str, Any] = {"form_id": uuid4(), "kind": "default", "currency": "EUR"}
    if "again" not in request.GET:
        return _new_form(request, NewRequestForm(by=by, initial=initial))
    old = get_request_for(by, _uuid_or_404(request.GET["again"]))
    if not can_be_followed(old, by):
        return _new_form(request, NewRequestForm(by=by, initial=initial), not_again=old)
    begun = beginning(old, CURRENCIES)
    form = NewRequestForm(by=by, initial=initial | begun.initial, given=begun.arguments)
    return _new_form(request, form)


def _uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _submit(form: NewRequestForm, user: Any) -> Any:
    typed = form.cleaned_data
    return services.submit(
        title=typed["title"],
        amount=typed["amount"],
        currency=typed["currency"],
        kind=typed["kind"],
        details=typed["details"],
        action=typed["action"],
        uuid=typed["form_id"],
        follows=typed["again"],
        by=user,
    )


def _new_form(request: HttpRequest, form: NewRequestForm, status: int = 200, **more: Any) -> HttpResponse:
    asked = "show_chain" in request.POST
    context = {"form": form, "arguments": form.arguments(), "judged": form.is_bound and not asked, **more}
    context |= _chain_for(form.data if form.is_bound else form.initial, request.user)
    if old := form.follows():
        context |= {"old": old, "missing": beginning(old, CURRENCIES).missing, "before": followers(old, form.by)}
    return render(request, "approvals/new.html", context, status=status)


@require_safe
def chain(request: HttpRequest) -> HttpResponse:
    """The chain that an amount needs, for the form while it is typed."""
    return render(request, "approvals/_chain_preview.html", _chain_for(request.GET, request.user))


def _chain_for(data: Any, user: Any) -> dict[str, Any]:
    if not str(data.get("amount", "")).strip():
        return {}
    form = ChainForm(data)
    if not form.is_valid():
        return {"chain_errors": [error for errors in form.errors.values() for error in errors]}
    try:
        found = policies.chain_for(**form.cleaned_data)
    except policies.UnknownKind:
        return {"chain_errors": [_("There is no policy for this kind.")]}
    names = [level.name for level in found.levels]
    return {"chain": found, "nobody": stranded.nobody_for(found.policy, names, user.pk)}


@require_safe
@never_cache
@read_once
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    approval = get_request_for(request.user, uuid)
    attempt = _own_attempt(request, approval, request.GET.get("receipt", ""))
    known = services.receipt_of(attempt) if attempt else None
    return answers.whole_page(request, approval, receipt=known, **answers.chosen(request.GET.get("verdict", "")))


@require_safe
@never_cache
@read_once
def form(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The inside of the panel that decides, as this person needs it now."""
    approval = get_request_for(request.user, uuid)
    context = {"page": request_page(approval, request.user), **answers.fresh_forms(approval)}
    return render(request, "approvals/_decide.html", context)


@require_safe
@never_cache
@read_once
def row(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The panel that decides, for the dialog of a list: an approval is asked at once whether it is meant."""
    approval = get_request_for(request.user, uuid)
    chosen = answers.chosen(request.GET.get("verdict", ""))
    meant = {"confirming": "approve"} if chosen["chosen"] == "approve" else {}
    context = {"page": request_page(approval, request.user), **answers.fresh_forms(approval), **chosen, **meant}
    return render(request, "approvals/_row_decision.html", context)


@signed_in
@require_POST
def decide(request: HttpRequest, uuid: UUID) -> HttpResponse:
    approval = get_request_for(request.user, uuid)
    form = DecideForm(request.POST)
    if "back" in request.POST:
        return answers.again(request, approval, form)
    if not form.is_valid():
        return answers.wrong(request, approval, form)
    if "ask" in request.POST and "confirmed" not in request.POST:
        return answers.confirm(request, approval, form)
    receipt = services.decide(request=approval, **form.cleaned_data, by=person(request))
    return answers.receipt(request, approval, receipt, form)


def _reasoned(verdict: Attempt.Verdict) -> View:
    @signed_in
    @require_POST
    def view(request: HttpRequest, uuid: UUID) -> HttpResponse:
        approval = get_request_for(request.user, uuid)
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return answers.wrong(request, approval, form)
        how = {"verdict": verdict, "level": "", "shown": "", **form.cleaned_data}
        receipt = services.decide(request=approval, **how, by=person(request))
        return answers.receipt(request, approval, receipt, form)

    return view


withdraw = _reasoned(Attempt.Verdict.WITHDRAW)
retry = _reasoned(Attempt.Verdict.RETRY)
give_up = _reasoned(Attempt.Verdict.GIVE_UP)


@require_safe
@never_cache
def receipt(request: HttpRequest, uuid: UUID, decision_id: str) -> HttpResponse:
    """What became of one's own click; asked every second until it is settled."""
    approval = get_request_for(request.user, uuid)
    attempt = _own_attempt(request, approval, decision_id)
    if attempt is None:
        return HttpResponse(status=404)
    return answers.progress(request, approval, services.receipt_of(attempt), decision_id)


def _own_attempt(request: HttpRequest, approval: Any, decision_id: str) -> Attempt | None:
    own = Attempt.objects.filter(request=approval, user=person(request), decision_id=decision_id)
    return own.select_related("request", "user").first() if decision_id else None
