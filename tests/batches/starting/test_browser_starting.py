"""Airports, a public data set, in a real browser: uploaded, started, paused, retuned, resumed, exported, and redone."""

import csv
import json
from importlib.util import find_spec
from pathlib import Path

from tests.browser.test_the_way import browser, expect, pytestmark, up, window  # noqa: F401

_PACKAGE = find_spec("vega_datasets").submodule_search_locations[0]
AIRPORTS = Path(_PACKAGE) / "_data" / "airports.csv"
NUMBER = 3_376


def choose(page, up, file=AIRPORTS):  # noqa: F811
    page.goto(f"http://127.0.0.1:{up.port}/batches/")
    page.click("text=New batch")
    page.set_input_files("#id_file", file)
    page.click("text=Upload and look")
    expect(page.locator("h1")).to_have_text("What is to be done with them?")


def says(page, state):
    expect(page.locator(".batch-top")).to_contain_text(state)


def exported(page, tmp_path):
    with page.expect_download() as waited:
        page.locator("a[href$='/export/results.csv']").first.click()
    waited.value.save_as(tmp_path / "results.csv")
    with (tmp_path / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_public_data_set_is_uploaded_run_paused_retuned_resumed_exported_and_redone(up, window, tmp_path):  # noqa: F811
    olga, rita = window("olga"), window("rita")
    choose(olga, up)
    for seen in ("3,376 items", "7 columns", "Livingston Municipal", "SHA-256"):
        expect(olga.locator("main")).to_contain_text(seen)
    olga.select_option("#id_job", "order")
    expect(olga.locator("[data-job=order]")).to_be_visible()
    expect(olga.locator("[data-job=echo]")).to_be_hidden()
    olga.select_option("#id_item_key", "city")
    expect(olga.locator("#sum")).to_contain_text("Two items have the same 'city'")
    olga.select_option("#id_item_key", "iata")
    olga.fill("#id_chunk_size", "50")
    olga.fill("#id_pace-0-limit", "100")
    olga.fill("#id_arg-order-seconds", "0.01")
    expect(olga.locator("#sum")).to_contain_text("68")
    expect(olga.locator("#sum")).to_contain_text("32 s")
    olga.click("#start-it")

    says(olga, "Running")
    rita.goto(olga.url)
    olga.click("#choose-pause")
    olga.fill("#order-reason", "The tower asked us to wait")
    olga.click("#order .go")
    for page in (olga, rita):
        says(page, "Paused")
    olga.click("#choose-limits")
    olga.fill("#order-pace-0-limit", "5000")
    olga.fill("#order-reason", "They can take more")
    olga.click("#order .go")
    olga.click("[name=confirmed]")
    expect(olga.locator("#receipt")).to_contain_text("The new limits are in force.")
    olga.click("#choose-resume")
    olga.click("#order .go")
    for page in (olga, rita):
        says(page, "Completed")
        expect(page.locator("main")).to_contain_text(f"adds up to {NUMBER:,}")
    rows = exported(olga, tmp_path)
    assert len(rows) == len({row["item"] for row in rows}) == NUMBER
    assert {"00M", "LAX"} <= {row["item"] for row in rows}
    assert "pay/" in json.dumps(rows[0])
    assert rita.locator("#again").count() == 0

    olga.click("#again")
    expect(olga.locator("main")).to_contain_text("What it was ordered with is filled in below")
    assert (olga.input_value("#id_item_key"), olga.input_value("#id_chunk_size")) == ("iata", "50")
    olga.fill("#id_pace-0-limit", "")
    olga.click("#start-it")
    says(olga, "Completed")
    expect(olga.locator("#follows")).to_be_visible()
    assert len(exported(olga, tmp_path)) == NUMBER


def test_without_javascript_it_is_chosen_worked_out_corrected_and_started(up, window):  # noqa: F811
    olga = window("olga", java_script_enabled=False)
    choose(olga, up)
    olga.select_option("#id_job", "echo")
    olga.fill("#id_chunk_size", "0")
    olga.click("#start-it")
    expect(olga.locator("main")).to_contain_text("Not started.")
    expect(olga.locator("#id_chunk_size_error")).to_contain_text("must be a whole number from 1 to 10,000")
    assert olga.input_value("#id_job") == "echo"
    olga.fill("#id_chunk_size", "400")
    olga.press("#id_chunk_size", "Enter")  # starts nothing
    expect(olga.locator("#sum dd").nth(1)).to_have_text("9")
    olga.fill("#id_chunk_size", "500")
    olga.click("text=Work it out")
    expect(olga.locator("#sum dd").nth(1)).to_have_text("7")
    olga.click("#start-it")
    expect(olga.locator("h1")).to_contain_text("airports")


def test_on_a_phone_nothing_stands_beside_the_screen(up, window):  # noqa: F811
    olga = window("olga", viewport={"width": 390, "height": 800})
    olga.goto(f"http://127.0.0.1:{up.port}/batches/new/")
    assert olga.evaluate("document.documentElement.scrollWidth") <= 390
    choose(olga, up)
    olga.click("summary:has-text('More')")
    assert olga.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_file_shows_how_far_it_has_been_sent_and_what_is_wrong_is_said_in_its_place(up, window, tmp_path):  # noqa: F811
    olga, big, empty = window("olga"), tmp_path / "big.csv", tmp_path / "empty.csv"
    big.write_text("n,text\n" + "".join(f"{n},{'x' * 90}\n" for n in range(40_000)))
    empty.write_text("")
    olga.goto(f"http://127.0.0.1:{up.port}/batches/new/")
    for _ in range(2):  # the form that came with the answer works as the first one did
        olga.set_input_files("#id_file", empty)
        olga.click("text=Upload and look")
        expect(olga.locator("#id_file_error")).to_contain_text("The file holds nothing")
        expect(olga.locator("#id_file")).to_be_focused()
    olga.set_input_files("#id_file", big)
    olga.route("**/batches/new/source/", lambda route: route.abort())
    olga.click("text=Upload and look")
    expect(olga.locator("[data-no-answer]")).to_contain_text("Not sent. The connection broke")
    olga.unroute("**/batches/new/source/")
    olga.evaluate("""() => {
        const bar = document.querySelector("[data-sent]");
        new MutationObserver(() => (sessionStorage.sent = bar.value)).observe(bar, { attributes: true });
    }""")
    olga.click("text=Upload and look")
    expect(olga.locator("h1")).to_have_text("What is to be done with them?")
    expect(olga.locator("main")).to_contain_text("40,000 items")
    assert float(olga.evaluate("sessionStorage.sent")) >= big.stat().st_size


def test_items_are_mapped_and_reduced_and_its_page_shows_the_value_when_it_comes(up, window, tmp_path):  # noqa: F811
    olga, amounts = window("olga"), tmp_path / "amounts.csv"
    amounts.write_text("amount\n" + "".join(f"{n}\n" for n in range(1, 101)))
    choose(olga, up, amounts)
    olga.click("#do-mapreduce")
    olga.select_option("#id_map", "map_values")
    olga.fill("#id_map-map_values-column", "amount")
    olga.fill("#id_chunk_size", "10")
    olga.fill("#id_fan_in", "4")
    expect(olga.locator("#sum")).to_contain_text("3, then 1")
    olga.click("#start-it")
    expect(olga.locator("#id_reduce_error")).to_contain_text("Choose what puts partial results together.")
    assert (olga.input_value("#id_map"), olga.input_value("#id_map-map_values-column")) == ("map_values", "amount")
    olga.select_option("#id_reduce", "reduce_values")
    olga.click("#start-it")
    says(olga, "Completed")
    expect(olga.locator("#value")).to_contain_text('"total": 5050')
