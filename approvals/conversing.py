"""The pages of a conversation: saying something, and reading what was said earlier."""

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.people import person
from approvals import answers, talking
from approvals.access import get_request_for
from approvals.conversation import conversation_of
from approvals.forms import SayForm
from approvals.models import Remark, Request
from approvals.page import request_page
from approvals.views import signed_in

K = Remark.Kind


@signed_in
@never_cache
def say(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """GET is the inside of the form, as this person needs it now; POST says something."""
    approval = get_request_for(request.user, uuid)
    if request.method != "POST":
        return _shown(request, approval, "approvals/_say_form.html")
    form = SayForm(request.POST)
    if not form.is_valid():
        return _refused(request, approval, form)
    kind, question = _meant(request)
    try:
        remark = talking.say(request=approval, kind=kind, question=question, by=person(request), **form.cleaned_data)
    except talking.Refused as refused:
        form.add_error("text", str(refused))
        return _refused(request, approval, form)
    if not answers.is_htmx(request):
        return HttpResponseRedirect(f"{approval.get_absolute_url()}#remark-{remark.pk}", status=303)
    return _shown(request, approval, "approvals/_say.html", said=remark)


def _meant(request: HttpRequest) -> tuple[Remark.Kind, int | None]:
    """The button that was pressed; without one it is a comment."""
    if answer := request.POST.get("answer", ""):
        return K.ANSWER, int(answer) if answer.isascii() and answer.isdigit() and len(answer) < 19 else 0
    return (K.QUESTION if request.POST.get("kind") == K.QUESTION else K.COMMENT), None


def _refused(request: HttpRequest, approval: Request, form: SayForm) -> HttpResponse:
    """Said why, with all that was typed."""
    if answers.is_htmx(request):
        return _shown(request, approval, "approvals/_say.html", 400, say_form=form, say_judged=True)
    return answers.wrong_page(request, approval, say_form=form, say_judged=True)


def _shown(request: HttpRequest, approval: Request, template: str, status: int = 200, **more: Any) -> HttpResponse:
    page = request_page(approval, request.user)
    context = {"page": page, "say_form": SayForm(initial={"form_id": uuid4()}), **more}
    return render(request, template, context, status=status)


@require_safe
@never_cache
def earlier(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """A page of what was said before the remarks that the page of the request shows."""
    approval = get_request_for(request.user, uuid)
    before = request.GET.get("before", "")
    place = int(before) if before.isascii() and before.isdigit() and 0 < len(before) < 19 else None
    context = {"one": approval, "conversation": conversation_of(approval, place), "place": place}
    return render(request, "approvals/conversation.html", context)
