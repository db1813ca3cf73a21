"""The distance from the training records, against theory and against brute force."""

from math import inf

import numpy as np
import pandas as pd
import pytest
from sklearn.covariance import LedoitWolf, ShrunkCovariance

from fhr.calibration.typicality import TYPICAL_STATISTICS, UC_STATISTICS, Typicality, typical_statistics
from fhr.errors import FHRError
from fhr.features import ORDER_STATISTICS, FeatureScaling, order_statistics
from fhr.recording import Recording, Step


def records(n: int, seed: int = 0) -> pd.DataFrame:
    """Correlated, on scales of their own, one of them skewed."""
    generator = np.random.default_rng(seed)
    mixed = generator.normal(size=(n, 6)) @ (np.eye(6) + 0.5)
    x = mixed * [0.2, 6, 1, 4, 4, 6] + [1, 140, 0, -20, 20, 140]
    x[:, 2] = generator.beta(1, 6, n)
    return pd.DataFrame(x, columns=TYPICAL_STATISTICS, index=[f"r{i}" for i in range(n)])


def test_the_statistics_are_order_statistics(simulated_database):
    some = list(simulated_database)[:5]
    found = typical_statistics(some)
    assert tuple(found.columns) == TYPICAL_STATISTICS + UC_STATISTICS
    rows = [dict(zip(ORDER_STATISTICS, order_statistics(r.fhr, fs=r.fs), strict=True)) for r in some]
    found_fhr = found[list(TYPICAL_STATISTICS)]
    pd.testing.assert_frame_equal(found_fhr.reset_index(drop=True), pd.DataFrame(rows)[list(TYPICAL_STATISTICS)])
    assert found.index.tolist() == [r.name for r in some]
    assert typical_statistics([]).shape == (0, 10)
    uc = np.concatenate(
        [np.full(4000, 7.0), np.zeros(7200), np.tile([10.0, 20, 30, 40], 1800)]
    )  # the last hour is 14,400
    known = typical_statistics([Recording("r", np.full(len(uc), 140.0), uc, 4.0)])[list(UC_STATISTICS)].to_numpy()[0]
    np.testing.assert_allclose(np.expm1(known[:3]), [25, 15, 40])
    assert known[3] == pytest.approx(0.5)


def test_a_gain_of_the_uterine_activity_is_named(simulated_database):
    typical = typical_statistics(simulated_database)
    typicality = Typicality.fit(typical)
    assert Typicality.from_dict(typicality.to_dict()) == typicality
    assert typicality.channels == ("heart rate", "uterine activity")
    recording = next(iter(simulated_database))
    wrong = typical_statistics([recording.after(Step("gain"), uc=100 * recording.uc)]).to_numpy()
    assert typicality.p_values(wrong)[0] == pytest.approx(1 / (len(typical) + 1))
    assert "uterine activity" in typicality.deviation(wrong[0])
    older = Typicality.fit(typical[list(TYPICAL_STATISTICS)])  # sees nothing of it
    assert older.p_values(wrong) == older.p_values(typical.to_numpy()[:1])
    with pytest.raises(FHRError, match="typicality has the keys"):
        Typicality.from_dict(typicality.to_dict() | {"uc": {}})


def test_the_p_value_is_the_rank_of_the_mahalanobis_distance_from_the_others():
    """Brute force with scikit-learn's own Mahalanobis distance, each training record measured without itself."""
    training, new = records(40), records(10, seed=1).to_numpy()
    scaling = FeatureScaling.fit(training, limit=inf)
    x = scaling(training).astype(float)
    whole = LedoitWolf().fit(x)
    each = (ShrunkCovariance(shrinkage=whole.shrinkage_).fit(np.delete(x, i, 0)) for i in range(40))
    distances = [others.mahalanobis(x[i : i + 1])[0] for i, others in enumerate(each)]
    np.testing.assert_allclose(Typicality.fit(training).distances, np.sort(distances))
    found = whole.mahalanobis(scaling(new).astype(float))
    expected = [(1 + sum(d >= f for d in distances)) / 41 for f in found]
    np.testing.assert_allclose(Typicality.fit(training).p_values(new), expected)


def test_records_like_the_training_records_are_as_often_unusual_as_it_says():
    """Over 40 draws of training records, the share of new records with p <= alpha is alpha."""
    draws = [records(160, seed) for seed in range(40)]
    p = np.concatenate([Typicality.fit(draw[:60]).p_values(draw[60:]) for draw in draws])
    for alpha in (0.05, 0.1, 0.2, 0.5):
        # Records of one draw share their training records: their variance is that of the Beta of conformal coverage.
        n, rank = 60, int(alpha * 61)
        sd = np.sqrt(rank * (n + 1 - rank) / (n + 1) ** 2 / (n + 2) / 40 + alpha * (1 - alpha) / len(p))
        assert (p <= alpha).mean() == pytest.approx(rank / (n + 1), abs=4 * sd)


def test_a_record_that_is_left_in_would_look_too_usual():
    """Why each training record is measured without itself: in its own covariance it is nearer than a new one is."""
    training, new = records(30, seed=3), records(2000, seed=3).to_numpy()[30:]
    typicality = Typicality.fit(training)
    own = typicality.p_values(training)  # of each record by the covariance that it is part of
    assert own.mean() > 0.55
    assert typicality.p_values(new).mean() < own.mean()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"median_60": 62.0}, "median FHR 62 bpm, where 98% of them have "),
        ({"loss_60": 0.97}, "more signal loss in the last hour than 99% of them have"),
        ({"mad_60": np.log(0.5 + 80)}, "median absolute deviation of the FHR 80 bpm, where "),
    ],
)
def test_the_most_deviant_statistic_is_named_with_the_usual_range(changes, text):
    training = records(200)
    typicality = Typicality.fit(training)
    row = training.median().to_dict() | changes
    given = np.array([row[name] for name in TYPICAL_STATISTICS])
    assert typicality.p_values([given])[0] == pytest.approx(1 / 201)
    assert typicality.deviation(given).startswith(text)
    if "median_60" in changes:
        low, high = np.percentile(training["median_60"], [1, 99])
        assert typicality.deviation(given).endswith(f"{low:.3g} to {high:.3g} bpm")


def test_a_record_that_is_odd_only_as_a_whole():
    training = records(200)
    typicality = Typicality.fit(training)
    middle = training.median().to_numpy()
    assert typicality.deviation(middle) == "each statistic of its signal is within their range, together they are not"


def test_missing_statistics_count_as_the_median():
    training = records(100)
    training.iloc[::7, [0, 1, 3, 4, 5]] = np.nan
    typicality = Typicality.fit(training)
    lossy = np.array([[np.nan, np.nan, 1.0, np.nan, np.nan, np.nan]])
    assert typicality.p_values(lossy)[0] < 0.03
    assert typicality.deviation(lossy[0]).startswith("more signal loss in the last hour")
    assert np.isfinite(typicality.p_values(training)).all()


def test_a_statistic_that_never_varies_is_left_out():
    training = records(50)
    training["loss_60"] = 0.1
    typicality = Typicality.fit(training)
    row = training.median().to_numpy()
    assert typicality.p_values([row])[0] > 0.9
    assert np.isfinite(typicality.distances).all()


def test_one_without_signal_is_still_ranked():
    silent = Recording("silent", np.full(14400, np.nan), np.full(14400, np.nan), 4.0)
    typicality = Typicality.fit(records(120))
    assert typicality.p_values(typical_statistics([silent]))[0] == pytest.approx(1 / 121)


def test_plain_types_come_back():
    typicality = Typicality.fit(records(30))
    plain = typicality.to_dict()
    assert Typicality.from_dict(plain) == typicality
    with pytest.raises(FHRError, match=f"typicality of other than {len(plain['mean'])} statistics"):
        Typicality.from_dict({**plain, "precision": plain["precision"][:-1]})


def test_what_is_refused():
    training = records(30)
    with pytest.raises(FHRError, match=r"without the columns \['median_60'\]; make them with `typical_statistics`"):
        Typicality.fit(training.drop(columns="median_60"))
    with pytest.raises(FHRError, match="19 training records say too little of what is usual; give 20 or more"):
        Typicality.fit(training[:19])
    with pytest.raises(FHRError, match="the 30 training records all have the same statistics"):
        Typicality.fit(training * 0 + 1)
    with pytest.raises(FHRError, match="fitted on 6 features"):
        Typicality.fit(training).p_values(training.iloc[:, :5])


def test_real_recordings_are_ranked_evenly(ctu_uhb_database):
    """Two random halves of the real records: p is about uniform."""
    table = typical_statistics(ctu_uhb_database)[list(TYPICAL_STATISTICS)]
    shuffled = table.sample(frac=1, random_state=0)
    half = len(table) // 2
    p = Typicality.fit(shuffled[:half]).p_values(shuffled[half:])
    assert p.mean() == pytest.approx(0.5, abs=0.08)
    assert (p <= 0.1).mean() == pytest.approx(0.1, abs=0.07)
