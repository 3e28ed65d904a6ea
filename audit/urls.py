"""The addresses of the ledger."""

from django.urls import path

from audit import views

app_name = "audit"
urlpatterns = [
    path("", views.index, name="index"),
    path("ledger.csv", views.export, {"kind": "csv"}, name="csv"),
    path("ledger.jsonl", views.export, {"kind": "jsonl"}, name="jsonl"),
]
