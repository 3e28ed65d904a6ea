"""The addresses of batches."""

from django.urls import path

from batches import failure_views, views
from batches.clock import changing, making
from batches.clock import views as schedules
from batches.release import views as release
from batches.sets import views as sets
from batches.starting import views as starting
from batches.steering import views as steering

app_name = "batches"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", starting.new, name="new"),
    path("new/source/", starting.source, name="source"),
    path("new/sum/", starting.sums, name="sum"),
    path("schedules/", schedules.index, name="schedules"),
    path("schedules/new/", making.new, name="schedule-new"),
    path("schedules/preview/", making.preview, name="schedule-preview"),
    path("schedules/<uuid:uuid>/", schedules.show, name="schedule"),
    path("schedules/<uuid:uuid>/order/", schedules.order, name="schedule-order"),
    path("schedules/<uuid:uuid>/change/", changing.change, name="schedule-change"),
    path("schedules/<uuid:uuid>/change/preview/", changing.preview, name="schedule-change-preview"),
    path("schedules/<uuid:uuid>/work/", changing.work, name="schedule-work"),
    path("schedules/<uuid:uuid>/work/source/", changing.source, name="schedule-source"),
    path("schedules/<uuid:uuid>/work/sum/", changing.sums, name="schedule-sum"),
    path("data/", sets.index, name="data-sets"),
    path("data/new/", sets.new, name="data-set-new"),
    path("data/<uuid:uuid>/", sets.show, name="data-set"),
    path("data/<uuid:uuid>/cancel/", sets.cancel, name="data-set-cancel"),
    path("<uuid:uuid>/", steering.show, name="batch"),
    path("<uuid:uuid>/order/", steering.order, name="order"),
    path("<uuid:uuid>/order/<uuid:order_id>/", steering.receipt, name="receipt"),
    path("<uuid:uuid>/ask/", release.ask, name="ask"),
    path("<uuid:uuid>/failures/", failure_views.failures, name="failures"),
    path("<uuid:uuid>/item/", failure_views.item, name="item"),
    path("<uuid:uuid>/export/not-run.jsonl", failure_views.never_run, name="not-run"),
    path("<uuid:uuid>/result.json", failure_views.result, name="result"),
    path("<uuid:uuid>/export/<slug:what>.<slug:form>", failure_views.export, name="export"),
]
