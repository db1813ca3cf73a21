"""What a recording is said to be: what may stand there, what imputation makes of it, and many recordings at once."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.errors import FHRError
from fhr.recording import KINDS, Composition, Provenance, Recording

PRINTABLE = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable() and text.strip())
MADE = st.builds(
    Provenance, st.sampled_from(KINDS[1:]), made_by=PRINTABLE, fitted_to=st.lists(PRINTABLE, max_size=3).map(tuple)
)


def test_measured_by_default():
    assert Provenance() == Provenance("measured", "", ())
    assert Provenance().words == "measured"
    assert KINDS[0] == "measured"


@given(made=MADE)
def test_what_was_made_says_by_what(made):
    assert not made.is_measured
    assert made.words == f"{made.kind} (made by {made.made_by})"
    assert Provenance(made.kind, made.made_by, list(made.fitted_to)) == made  # as it comes out of JSON
    assert hash(Provenance(**dataclasses.asdict(made))) == hash(made)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dreamt", "me"), "kind of recording 'dreamt'; it is one of measured, simulated, synthetic, imputed"),
        (("Measured",), "kind of recording 'Measured'"),
        (("",), "kind of recording ''"),
        ((None,), "kind of recording of the type NoneType"),
        ((["measured"],), "kind of recording of the type list"),
        (("a" * 1000,), r"kind of recording 'a{40}'\.\.\. of 1000 characters; "),
        (("measured", "gan"), "a measured recording with made_by='gan' and 0 records in fitted_to; nothing made it"),
        (("measured", None), "a measured recording with made_by=of the type NoneType"),
        (("measured", "", ("1001",)), "a measured recording with made_by='' and 1 records in fitted_to"),
        (("simulated",), "made_by of a recording that is simulated is ''; give printable text of 1 to 500 characters"),
        (("synthetic", " "), "made_by of a recording that is synthetic is ' '"),
        (("synthetic", "a\nb"), r"made_by .* is 'a\\nb'; give printable text"),
        (("synthetic", "\ud800"), r"made_by .* is '\\ud800'"),
        (("synthetic", "a" * 501), "made_by .* of 501 characters; give"),
        (("synthetic", 7), "made_by .* of the type int"),
        (("imputed", "gan", "1001"), "fitted_to is '1001'; give a tuple of up to 100000 names or digests"),
        (("imputed", "gan", None), "fitted_to is of the type NoneType"),
        (("imputed", "gan", {"1001"}), "fitted_to is of the type set"),
        (("imputed", "gan", ("a", 1)), "a record in fitted_to is of the type int; give printable text"),
        (("imputed", "gan", ("a", "")), "a record in fitted_to is ''"),
        (("imputed", "gan", ("a",) * 100_001), "fitted_to is of the type tuple; give a tuple of up to"),
    ],
)
def test_what_contradicts_itself_is_refused(arguments, message):
    with pytest.raises(FHRError, match=message) as error:
        Provenance(*arguments)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 400


@given(made=MADE, by=PRINTABLE, fitted_to=st.lists(PRINTABLE, max_size=3, unique=True))
def test_imputation_never_makes_anything_realer(made, by, fitted_to):
    assert Provenance().imputed(by, fitted_to) == Provenance("imputed", by, tuple(fitted_to))
    filled = made.imputed(by, fitted_to)
    assert filled.kind == made.kind
    assert filled.made_by == f"{made.made_by}; {by}"
    assert set(filled.fitted_to) == {*made.fitted_to, *fitted_to}


@pytest.mark.parametrize("made", [Provenance(), Provenance("simulated", "me")])
def test_imputation_by_nobody_is_refused(made):
    with pytest.raises(FHRError, match="give printable text"):
        made.imputed("")


@given(made=st.lists(st.one_of(st.just(Provenance()), MADE), max_size=6))
def test_a_composition_counts_each_recording_once(made):
    recordings = [Recording(str(i), [140.0], [1.0], 4.0, provenance=one) for i, one in enumerate(made)]
    found = Composition.of(iter(recordings))
    assert sum(found.kinds.values()) == len(made)
    assert all(n == sum(one.kind == kind for one in made) for kind, n in found.kinds.items())
    assert found.all_measured == all(one.is_measured for one in made)
    assert set(found.made_by) == {one.made_by for one in made if not one.is_measured}
    assert set(found.fitted_to) == {record for one in made for record in one.fitted_to}
    assert Composition.of(reversed(recordings)) == found
    assert Composition(**{key: v if key == "kinds" else tuple(v) for key, v in found.plain().items()}) == found


def test_a_composition_in_words():
    assert Composition({}).words == "none"
    assert Composition({"measured": 552}).words == "552 measured"
    many = Composition({"measured": 1, "imputed": 9}, ("a" * 200, "b", "c", "d", "e"))
    assert many.words == f"1 measured, 9 imputed (made by {'a' * 120}...; b; c; 2 more)"
