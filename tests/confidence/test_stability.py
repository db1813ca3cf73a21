import pytest

from fhr.confidence import ModelFacts, Stability
from fhr.errors import FHRError


def test_what_is_stored_is_read_and_said_on_the_card():
    stability = Stability(2.1749, 442)
    assert Stability.from_text(stability.to_text()) == stability
    (line,) = [line for line in ModelFacts(stability=stability).words() if "proven" in line]
    assert line == (
        "half of its verdicts on 442 held-out births are proven unchanged under any error of the cleaned heart rate up "
        "to 2.1 bpm RMS"
    )
    assert "for no size" in Stability(0.0, 30).words
    assert not any("proven" in line for line in ModelFacts().words())


@pytest.mark.parametrize(
    "text",
    ["", "1", "[]", "{}", '{"error_rms": -1, "n": 3}', '{"error_rms": Infinity, "n": 3}', '{"error_rms": 1, "n": true}',
     '{"error_rms": "1e999", "n": 3}', "[" * 10_000, '{"error_rms": 1, "n": 0}'],
)  # fmt: skip
def test_any_other_text_is_refused(text):
    with pytest.raises(FHRError):
        Stability.from_text(text)
