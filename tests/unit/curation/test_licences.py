from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain.licences import KNOWN, LONGEST, LicenceRefused, licence_of


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("apache-2.0", "Apache-2.0"),
        (" MIT ", "MIT"),
        ("Own", "own"),
        ("LicenseRef-BASIS-agreement", "LicenseRef-BASIS-agreement"),
    ],
)
def test_a_licence_has_one_spelling(written, kept):
    assert licence_of(written) == kept


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "The licence is missing. Write own, proprietary, an SPDX identifier"),
        ("Apache 2", 'Did you mean "Apache-2.0"?'),
        ("epl", "is known here. Write EPL-2.0."),
        ("LGPL-3", "Write LGPL-3.0-only or LGPL-3.0-or-later."),
        ("MIT OR Apache-2.0", '"MIT OR Apache-2.0" is not a licence'),
        ("LicenseRef-", "is not a licence"),
        ("LicenseRef-" + "a" * 60, "is not a licence"),
    ],
)
def test_another_word_is_refused_with_a_way_out(written, says):
    with pytest.raises(LicenceRefused) as refused:
        licence_of(written)

    assert says in str(refused.value)


@given(st.text(max_size=80))
def test_whatever_is_kept_fits_the_column_and_is_kept_again_as_it_is(written):
    try:
        kept = licence_of(written)
    except LicenceRefused:
        return

    assert kept == licence_of(kept)
    assert len(kept) <= LONGEST
    assert kept in KNOWN or kept.startswith("LicenseRef-")
