"""Deciding in the row, in a real browser: the dialog opens, closes, gives the focus back, and the row leaves."""

from tests.browser.test_the_way import _heed, ask, browser, expect, pytestmark, up, window  # noqa: F401


def test_a_row_is_decided_in_its_dialog(up, window):  # noqa: F811
    rita, maria = window("rita"), window("maria")
    ask(rita, up, "Pallet truck", "900")
    maria.goto(f"http://127.0.0.1:{up.port}/approvals/?q=pallet")
    dialog = maria.locator("#row-dialog")
    reject = maria.locator("a[data-dialog][data-key=r]")
    reject.click()
    expect(dialog.locator("textarea")).to_be_focused()
    maria.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(reject).to_be_focused()
    maria.locator("a[data-dialog][data-key=a]").click()
    expect(dialog.locator("[name=confirmed]")).to_be_focused()
    maria.keyboard.press("Enter")
    expect(dialog).to_contain_text("Recorded.")
    expect(maria.locator(".inbox")).to_contain_text("Nothing matches")  # the row has left the list by itself
    dialog.locator("form[method=dialog] button").click()
    expect(dialog).to_be_hidden()
