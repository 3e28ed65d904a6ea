"""The addresses of approvals."""

from django.urls import path

from approvals import absence_views, conversing, views

app_name = "approvals"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("new/", views.new, name="new"),
    path("new/chain/", views.chain, name="chain"),
    path("absence/", absence_views.absences, name="absence"),
    path("absence/<int:pk>/end/", absence_views.end, name="absence_end"),
    path("<uuid:uuid>/", views.show, name="request"),
    path("<uuid:uuid>/form/", views.form, name="form"),
    path("<uuid:uuid>/row/", views.row, name="row"),
    path("<uuid:uuid>/say/", conversing.say, name="say"),
    path("<uuid:uuid>/conversation/", conversing.earlier, name="conversation"),
    path("<uuid:uuid>/decide/", views.decide, name="decide"),
    path("<uuid:uuid>/withdraw/", views.withdraw, name="withdraw"),
    path("<uuid:uuid>/retry/", views.retry, name="retry"),
    path("<uuid:uuid>/give-up/", views.give_up, name="give_up"),
    path("<uuid:uuid>/receipt/<path:decision_id>/", views.receipt, name="receipt"),
]
