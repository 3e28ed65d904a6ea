"""A batch in a real browser: its numbers move while one looks, on a phone nothing hangs over, the focus stays."""

import json
import re
import uuid

from tests.browser.test_the_way import browser, expect, pytestmark, up, window  # noqa: F401

PHONE = {"width": 390, "height": 844}
LONG_TITLE = "A title that is as long as people write them when nobody tells them to be short and to the point"


def begin(up, items, **more):  # noqa: F811
    """The address of its page."""
    name = str(uuid.uuid4())
    spec = {"title": "March invoices", "job": "order", "source": {"items": items}, "job_args": {"seconds": 0.1}, **more}
    about = ["--type", "BatchWorkflow", "--task-queue", "leitstand", "--workflow-id", f"batch-{name}"]
    up.temporal("workflow", "start", *about, "--input", json.dumps(spec))
    return f"/batches/{name}/"


def address(up, path):  # noqa: F811
    return f"http://127.0.0.1:{up.port}{path}"


def width(page):
    return page.evaluate("document.documentElement.scrollWidth")


def pace(each_second):
    return {"kind": "token_bucket", "limit": each_second, "per_seconds": 1}


def test_its_numbers_move_while_one_looks_and_then_it_has_ended(up, window):  # noqa: F811
    rita = window("rita")
    rita.goto(address(up, "/batches/"))
    expect(rita.locator("h1")).to_have_text("No batch yet")
    items = [{"n": n, "fails": "pay" if n % 50 == 7 else ""} for n in range(1_500)]
    page = begin(up, items, chunk_size=10, item_attempts=1, requester="olga", pace=pace(100))
    expect(rita.locator("h1")).to_have_text("One batch is under way")  # nobody has touched this window
    rita.click(".batch-list .title")
    expect(rita.locator("h1")).to_have_text("March invoices")
    assert rita.url == address(up, page)
    expect(rita.locator(".numbers")).to_contain_text("adds up to 1,500")

    done = rita.locator(".kpis dd").first
    for _ in range(5):
        said = done.text_content()
        assert re.fullmatch(r"\d{1,2}(\.\d)? %", said.strip())
        expect(done).not_to_have_text(said)
    expect(rita.locator(".kpis")).to_contain_text(re.compile(r"Time left\s*(under )?\d"))  # a tenth is done
    expect(rita.locator(".batch-top .state")).to_have_text("Completed")
    expect(rita.locator(".numbers .legend")).to_contain_text("Failed 30")
    expect(rita.locator(".happened")).to_contain_text("Completed")
    expect(rita.locator(".map path").first).to_be_attached()


def test_on_a_phone_nothing_hangs_over_and_the_focus_stays_where_it_is(up, window):  # noqa: F811
    begin(up, [{"n": n} for n in range(3_000)], title=LONG_TITLE, pace=pace(50), chunk_size=10)
    page = window("rita", viewport=PHONE)
    page.goto(address(up, "/batches/"))
    title = page.locator(".batch-list .title").first
    expect(title).to_contain_text(LONG_TITLE)
    assert width(page) == PHONE["width"]
    title.focus()
    way = page.locator(".batch-list .way").first
    for _ in range(3):
        expect(way).not_to_have_text(way.text_content())
    expect(title).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(LONG_TITLE)
    expect(page.locator(".plot svg")).to_be_visible()
    assert width(page) == PHONE["width"]


def test_failures_come_by_cause_while_one_looks_and_one_item_is_found(up, window):  # noqa: F811
    items = [{"n": n, "fails": "pay" if n % 10 == 3 else ""} for n in range(600)]
    path = begin(up, items, chunk_size=10, item_attempts=1, tolerated_failure_rate=1, pace=pace(40))
    page = window("rita")
    page.goto(address(up, path))
    expect(page.locator(".causes .cause")).to_have_text("pay: the service said no")
    number = page.locator(".causes td.n").first
    expect(number).not_to_have_text(number.text_content())
    expect(page.locator(".failures")).not_to_contain_text("Retry")  # that is for ops
    with page.expect_download() as download:
        page.locator(".items-ways a.btn", has_text="Export as CSV").click()
    assert re.fullmatch(r"B-\d+-results-so-far-.*\.csv", download.value.suggested_filename)
    page.locator(".causes .samples a").first.click()
    expect(page.locator("h1")).to_have_text("Item 4")
    expect(page.locator("main .state")).to_have_text("Failed")
    page.fill("#item-key", "1")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Item 1")
    expect(page.locator("main .state")).to_have_text("Succeeded")
    expect(page.locator("main")).to_contain_text('"pay": "pay/0"')


def test_without_javascript_the_page_says_all_of_it(up, window):  # noqa: F811
    page = window("rita", java_script_enabled=False)
    page.goto(address(up, "/batches/?view=ended"))
    page.click(".batch-list .title")
    expect(page.locator(".batch-top .state")).to_have_text("Completed")
    expect(page.locator(".numbers")).to_contain_text("adds up to 1,500")
