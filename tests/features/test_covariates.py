from dataclasses import fields

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.features import COVARIATES, FeatureSet, checked_covariates, covariates
from fhr.recording import Clinical, Recording

KNOWN_LATER = ("weight", "sex", "delivery_type", "first_stage", "second_stage", "signal_to_birth", "nicu_days", "hie")


def birth(**clinical) -> Recording:
    n = 4 * 60 * 20
    return Recording(
        name="r", fhr=140 + np.sin(np.arange(n) / 9), uc=np.zeros(n), fs=4.0, clinical=Clinical(**clinical)
    )


def test_nulliparity_is_told_from_parity():
    for parity, expected in ((0, 1.0), (1, 0.0), (4, 0.0), (np.nan, np.nan)):
        np.testing.assert_equal(covariates(Clinical(parity=parity), ["nulliparity"]), [expected])


def test_every_covariate_reads_a_field_that_is_known_before_birth():
    for name in COVARIATES:
        assert np.isnan(covariates(Clinical(), [name])).all()
    told = [Clinical(**{field.name: 3.0}) for field in fields(Clinical)]
    reads = {
        field.name
        for field, one in zip(fields(Clinical), told, strict=True)
        if np.isfinite(covariates(one, list(COVARIATES))).any()
    }
    known = {"parity", "gestational_age", "maternal_age", "gravidity", "diabetes", "hypertension", "preeclampsia"}
    assert reads == known
    assert not reads & set(KNOWN_LATER)


@pytest.mark.parametrize("name", [*KNOWN_LATER, "apgar1", "ph", "length", ""])
def test_what_is_known_only_after_birth_is_refused(name):
    with pytest.raises(FHRError, match="only what is known before birth"):
        FeatureSet(groups=("wide_quantiles",), minutes=20, covariates=(name,))


def test_one_twice_is_refused():
    with pytest.raises(FHRError, match="stands twice"):
        checked_covariates(["nulliparity", "nulliparity"])


def test_a_feature_set_has_them_last_and_without_them_is_what_it_was():
    plain = FeatureSet(groups=("wide_quantiles",), minutes=20)
    asked = FeatureSet(groups=("wide_quantiles",), minutes=20, covariates=("nulliparity", "maternal_age"))
    assert asked.names == (*plain.names, "nulliparity", "maternal_age")
    assert asked.column_groups == (*plain.column_groups, "covariates", "covariates")
    found = asked(birth(parity=0, maternal_age=31))
    np.testing.assert_array_equal(found[:-2], plain(birth()))
    assert found[-2:].tolist() == [1.0, 31.0]
    assert "covariates" not in plain.to_dict()
    assert FeatureSet.from_dict(asked.to_dict()) == asked
    assert asked.checksum != plain.checksum == FeatureSet.from_dict(plain.to_dict()).checksum
