import numpy as np
import pandas as pd
import pytest

from fhr.errors import FHRError
from fhr.evaluation.births_by_group import birth_groups, subgroups
from fhr.metrics import auroc, bootstrap


@pytest.fixture(scope="module")
def births() -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Two repeats of 120 records, their groups and signal loss."""
    generator = np.random.default_rng(0)
    names = [f"r{i:03d}" for i in range(120)]
    label = (np.arange(120) % 4 == 0).astype(int)
    tables = [
        pd.DataFrame({"name": names, "repeat": r, "fold": 0, "label": label, "probability": 0.5}).assign(
            score=generator.normal(size=120) + label
        )
        for r in (0, 1)
    ]
    sensor = np.where(np.arange(120) < 70, "ultrasound", "scalp electrode").astype(object)
    sensor[:3] = None
    groups = pd.DataFrame({"delivery": np.where(np.arange(120) < 10, 2, 1), "sensor": sensor}, index=names)
    return pd.concat(tables), groups, pd.Series(np.arange(120) / 120, index=names)


def test_a_group_is_the_plain_metric_of_its_records(births):
    predictions, groups, loss = births
    table = subgroups(predictions, groups.sample(frac=1, random_state=0), loss, n_resamples=100)
    for row in table.to_dict("records"):
        inside = pd.Series(True, index=groups.index)
        if row["grouping"] == "signal loss":
            third = ["lowest third", "middle third", "highest third"].index(row["group"])
            inside = pd.Series(np.arange(120) // 40 == third, index=groups.index)
        elif row["group"] == "unknown":
            inside = groups[row["grouping"]].isna()
        elif row["grouping"] != "all":
            inside = groups[row["grouping"]].astype(str) == row["group"]
        rows = predictions[predictions["name"].map(inside)].pivot(index="name", columns="repeat", values="score")
        label = (rows.index.str[1:].astype(int) % 4 == 0).astype(int)
        assert (row["n"], row["positives"]) == (len(rows), label.sum())
        if row["reason"]:
            assert row["positives"] < 5
            assert np.isnan([row["auroc"], row["low"], row["high"]]).all()
        else:
            expected = bootstrap(auroc, label, rows.to_numpy().T, n_resamples=100)
            assert (row["auroc"], row["low"], row["high"]) == pytest.approx(expected)
    assert table["grouping"].tolist() == ["all", "delivery", "delivery", *["sensor"] * 3, *["signal loss"] * 3]
    assert table["reason"].tolist().count("fewer than 5 positive records") == 2


def test_few_negatives_are_a_reason_too(births):
    predictions, groups, loss = births
    few = predictions["name"].isin([f"r{i:03d}" for i in (1, 2, 3, *range(0, 120, 4))])
    table = subgroups(predictions[few], groups, loss, n_resamples=5)
    assert table["reason"].iloc[0] == "fewer than 5 negative records"


def test_a_record_of_no_group_is_refused(births):
    predictions, groups, loss = births
    with pytest.raises(FHRError, match=r"1 records have no row of groups \['r005'\]; give one for each record"):
        subgroups(predictions, groups.drop("r005"), loss)
    with pytest.raises(FHRError, match="1 of 120 records have no signal loss"):
        subgroups(predictions, groups, loss.drop("r005"))


def test_groups_of_simulated_births(simulated_database):
    groups, outcomes = birth_groups(simulated_database), simulated_database.outcomes
    assert list(groups.index) == simulated_database.names
    assert ((groups["delivery type"] == "caesarean section") == (outcomes["delivery_type"] == 2)).all()
    assert ((groups["stage 2 in the window"] == "yes") == outcomes["second_stage"].notna()).all()


def test_groups_of_real_births(ctu_uhb_database):
    groups = birth_groups(ctu_uhb_database)
    counts = {name: groups[name].value_counts().to_dict() for name in groups}
    assert counts == {
        "delivery type": {"vaginal": 411, "caesarean section": 31},
        "sensor": {"ultrasound": 325, "scalp electrode": 87, "both in turn": 30},
        "stage 2 in the window": {"yes": 409, "no": 33},
    }
