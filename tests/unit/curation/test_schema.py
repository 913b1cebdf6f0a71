from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from curation.domain.schema import check_front_matter, schema

WORDS = st.sampled_from(["", "x", "all", "dwc", "bbj-gui", "completion", "basic", "23.04"])
VALUES = WORDS | st.lists(WORDS | st.integers(), max_size=3) | st.none() | st.integers() | st.booleans()
FIELDS = st.sampled_from([*schema()["properties"], "unknown"])


@given(st.lists(st.dictionaries(FIELDS, VALUES), min_size=1, max_size=8))
def test_what_was_found_good_once_is_found_good_by_the_schema_too(metas):
    """Front matters that the schema cannot tell apart are validated once."""
    for meta in ({"title": "x", "type": "completion", "generation": "all", **meta} for meta in metas):
        found = check_front_matter(meta, file="gui/a.md", line_of={})

        assert bool(found) == (not Draft7Validator(schema()).is_valid(meta)), meta


def test_the_schema_tells_front_matters_apart_by_no_more_than_their_shape():
    """A new keyword has to be thought of in curation.domain.schema._shape, or good ones are mixed up."""

    def keywords(part: object) -> set[str]:
        if isinstance(part, list):
            return {word for one in part for word in keywords(one)}
        if not isinstance(part, dict):
            return set()
        named = {"properties", "definitions"}
        inner = [v for k, value in part.items() for v in (value.values() if k in named else [value])]
        return {*part, *(word for one in inner for word in keywords(one))}

    read = {k: v for k, v in schema().items() if k not in ("$schema", "title", "description")}
    told = {"type", "enum", "oneOf", "items", "minItems", "uniqueItems", "$ref", "minLength"}
    assert keywords(read) <= told | {"additionalProperties", "required", "properties", "definitions"}
    assert schema()["properties"]["title"]["minLength"] == 1
