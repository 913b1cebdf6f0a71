from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from curation.domain.snapshot import Member, build_manifest, canonical, without_examples

KEYS = ['"examples":[', '"manifest_version":', '"general":[', "\\"]
MEMBERS = st.lists(
    st.builds(
        Member,
        path=st.text(max_size=20)
        | st.sampled_from(['"examples":[', '"manifest_version":', '"general":[', "\\"]),
        content_hash=st.sampled_from(["a", "b"]),
        cluster=st.just("c"),
        split=st.sampled_from(["train", "validation"]),
    ),
    max_size=4,
)


@given(MEMBERS, MEMBERS, MEMBERS, MEMBERS, st.text(max_size=20))
def test_a_manifest_is_read_without_its_examples_whatever_stands_in_it(a, b, c, d, word):
    policy = {"selection": {"q": word}}
    manifest = build_manifest(a, b, c, d, template_version="chatml-1", seed=7, policy=policy)

    rest = without_examples(canonical(manifest))

    assert {**rest, "examples": manifest["examples"]} == manifest
