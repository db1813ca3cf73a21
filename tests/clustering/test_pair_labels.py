"""Labels of pairs: rows and net weights, contradictions that are told, tables, labels that are known for some."""

import numpy as np
import pytest

from fhr.clustering import PairLabels, contradictions, pair_words, read_pair_labels
from fhr.errors import FHRError, FormatError

NAMES = ["a", "b", "c", "d", "e"]


def test_pairs_become_rows_whatever_the_order_of_names():
    labels = PairLabels(["a", "d", "a"], ["b", "b", "x"], [1, -1, 1], [2, 0.5, 1])
    pairs = labels.among(NAMES[::-1])
    assert sorted(zip(pairs.first, pairs.second, pairs.weight, strict=True)) == [(1, 3, -0.5), (3, 4, 2.0)]
    dense = pairs.matrix(5).toarray()
    np.testing.assert_array_equal(dense, dense.T)
    assert dense[3, 4] == 2
    assert labels.unknown(NAMES) == ("x",)
    assert len(labels.among(["a", "c"])) == 0


def test_labels_of_one_pair_add_up_and_unsure_ones_weigh_nothing():
    labels = PairLabels(["a", "b", "a", "c", "d"], ["b", "a", "b", "d", "c"], [1, -1, 0, 1, -1], [3, 1, 9, 1, 1])
    pairs = labels.among(NAMES)
    assert (pairs.first.tolist(), pairs.second.tolist(), pairs.weight.tolist()) == ([0], [1], [2.0])


def test_contradictions_are_told_directly_and_through_chains():
    labels = PairLabels(
        ["a", "a", "b", "c", "a", "d", "e"],
        ["b", "b", "c", "d", "d", "e", "a"],
        [1, -1, 1, 1, -1, 0, -1],
        [3, 1] + [1] * 5,
    )
    direct, chain = contradictions(labels)
    assert (
        direct
        == "a and b: a must-link of weight 3 and a cannot-link of weight 1; they count as a must-link of weight 2"
    )
    assert chain.startswith("a and d: a cannot-link of weight 1, and must-links join them by way of b, c;")
    assert labels.among(NAMES).matrix(5)[0, 3] == -1  # it keeps its weight
    even = PairLabels(["a", "b", "b", "a"], ["b", "a", "c", "c"], [1, -1, 1, -1])
    assert contradictions(even) == [
        "a and b: a must-link of weight 1 and a cannot-link of weight 1; they cancel out"
    ]  # no chain is left
    assert contradictions(PairLabels(["a", "b"], ["b", "c"], [1, -1])) == []


def test_words_tell_unsure_pairs_and_records_that_are_not_there():
    labels = PairLabels(["a", "a", "x"], ["b", "c", "y"], [1, 0, 1])
    unsure, unknown = pair_words(labels, NAMES)
    assert unsure == "1 of 3 pairs are unsure; they weigh nothing"
    assert unknown == "1 of 3 pairs name records that are not there and are not used: x, y"
    assert pair_words(PairLabels(["a"], ["b"], [1]), NAMES) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], ["a"], [1]), r"pair 0 \('a' and 'a', 1, weight 1\): a record is paired with itself"),
        ((["a", "a"], ["b", ""], [1, 1]), "pair 1 .*no name"),
        ((["a"], ["b"], [2]), "none of 1, -1 and 0"),
        ((["a"], ["b"], [float("nan")]), "none of 1, -1 and 0"),
        ((["a"], ["b"], [1], [0]), "weight is not above 0"),
        ((["a"], ["b"], [1], [float("inf")]), "weight is not above 0"),
        ((["a"], ["b", "c"], [1]), "of one length"),
        (("a", "b", 1), "of one length"),
        ((["a"], ["b"], ["must-link"]), "no numbers"),
    ],
)
def test_pairs_that_are_none_are_refused(arguments, message):
    with pytest.raises(FHRError, match=message):
        PairLabels(*arguments)


def test_rows_of_one_name_are_refused():
    with pytest.raises(FHRError, match="record 'b' stands 2 times"):
        PairLabels(["a"], ["b"], [1]).among(["a", "b", "b"])


def test_a_table_is_read_with_comments_other_columns_and_empty_weights(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text(
        "# of March\nReader, first,second,relation,weight\n\nX,1001,1002,Must-Link,2\nY,1001, 1003,unsure,\n"
    )
    labels = read_pair_labels(path)
    assert labels.first.tolist() == ["1001", "1001"]
    assert labels.second.tolist() == ["1002", "1003"]
    assert labels.together.tolist() == [1, 0]
    assert labels.weight.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "first;second;relation\n1;2;unsure\n",
            "line 1: no column first, second, relation in the header 'first;second;",
        ),
        ("first,second,relation,first\n1,2,unsure,3\n", "line 1: column first stands twice"),
        ("first,second,relation\n\n1,2\n", "line 3: 2 cells beneath 3 names"),
        ("first,second,relation\n1,2,same\n", "line 2: relation 'same'; write must-link, cannot-link, unsure"),
        ("first,second,relation\n1,1,unsure\n", "line 2: record '1' is paired with itself"),
        ("first,second,relation\n1,,unsure\n", "line 2: .*name both"),
        ("first,second,relation,weight\n1,2,unsure,-1\n", "line 2: weight '-1'"),
        ("first,second,relation,weight\n1,2,unsure,much\n", "line 2: weight 'much'"),
        ('first,second,relation\n1,"2,unsure\n', "line [23]: no plain CSV"),
        ("first,second,relation\n", "no pair"),
        ("# nothing\n", "no pair"),
    ],
)
def test_a_table_that_is_none_is_refused_by_its_line(tmp_path, text, message):
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_pair_labels(path)


@pytest.mark.parametrize("n", [2, 3, 4, 7, 20, 21, 22, 50])
def test_each_known_label_weighs_one_in_equally_many_pairs(n):
    kinds = np.arange(n) % 2
    labels = PairLabels.of_partial_labels([f"r{i}" for i in range(n)], kinds.tolist())
    number = {f"r{i}": i for i in range(n)}
    i, j = (np.array([number[name] for name in one]) for one in (labels.first, labels.second))
    np.testing.assert_array_equal(labels.together, np.where(kinds[i] == kinds[j], 1, -1))
    assert len({frozenset(pair) for pair in zip(i.tolist(), j.tolist(), strict=True)}) == len(i)
    assert set(np.bincount(np.r_[i, j]).tolist()) == {min(n - 1, 20)}
    np.testing.assert_allclose(np.bincount(np.r_[i, j], np.r_[labels.weight, labels.weight]), 1)


def test_unknown_labels_make_no_pairs():
    labels = PairLabels.of_partial_labels(list("abcdef"), ["low", None, "", float("nan"), "low", "high"])
    assert {*labels.first.tolist(), *labels.second.tolist()} == {"a", "e", "f"}
    assert labels.together.sum() == -1


@pytest.mark.parametrize(
    ("records", "labels", "message"),
    [
        (["a", "b"], [1], "1 labels for records"),
        (["a", "b"], [1, None], "1 of 2 labels are known"),
        (["a", "a"], [1, 2], "record 'a' stands 2 times"),
        ([f"{i}" for i in range(9)], [7.05 + i / 100 for i in range(9)], "9 different labels of 9 records"),
    ],
)
def test_labels_that_make_no_pairs_are_refused(records, labels, message):
    with pytest.raises(FHRError, match=message):
        PairLabels.of_partial_labels(records, labels)


def test_rows_that_change_at_once_are_not_paired():
    rng = np.random.default_rng(0)
    names = [f"{i}" for i in range(60)]
    first, second = rng.integers(60, size=(2, 150))
    apart = first != second
    pairs = PairLabels(first[apart], second[apart], rng.choice([-1, 1], apart.sum())).among(names)
    groups, weights = zip(*pairs.groups(60), strict=True)
    dense = pairs.matrix(60).toarray()
    assert sorted(np.concatenate(groups).tolist()) == sorted(set(np.r_[pairs.first, pairs.second].tolist()))
    for rows, some in zip(groups, weights, strict=True):
        assert not dense[np.ix_(rows, rows)].any()
        np.testing.assert_array_equal(some.toarray(), dense[rows])
    assert len(groups) <= 1 + (dense != 0).sum(axis=1).max()
