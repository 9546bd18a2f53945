"""Facts for people, tables for phones, and no markup from outside."""

from keras_resnets.training import page


def test_facts_are_shown_with_their_units():
    assert page.value("peak_memory_bytes", 1_234_567) == "1.23 MB"
    assert page.value("seconds", 119.7) == "2 min 0 s"
    assert page.value("seconds", 7325) == "2 h 2 min"
    assert page.value("seconds", 1.25) == "1.2 s"
    assert page.value("n", 45000) == "45,000"
    assert page.value("schedule.drops", (0.5, 0.75)) == "0.5, 0.75"
    assert page.value("skipped", []) == "none"
    assert page.label("machine.memory_bytes") == "machine: memory"


def test_a_table_longer_than_asked_is_folded_but_whole():
    text = page.table(("class",), [(str(k),) for k in range(30)], fold="30 classes")
    assert text.startswith("<details><summary>30 classes</summary>")
    assert text.count("<tr>") == 31


def test_every_text_is_escaped():
    rows = [("<b>", "\"'&")]
    text = page.table(("<i>",), rows=[row[:1] for row in rows], fold="<u>") + page.text(rows[0][1])
    assert "<b>" not in text and "<i>" not in text and "<u>" not in text
    assert text.endswith("&quot;&#x27;&amp;")
