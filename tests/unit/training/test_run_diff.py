from training.domain.run_diff import ABSENT, Difference, differences


def test_only_what_is_not_the_same_in_all_is_listed_by_its_whole_name():
    first = {"seed": 13, "recipe": {"instruct": {"learning_rate": 2e-4, "epochs": 3.0}}}
    second = {"seed": 13, "recipe": {"instruct": {"learning_rate": 1e-4, "epochs": 3.0}}}

    assert differences([first, second, first]) == [
        Difference("recipe.instruct.learning_rate", ("0.0002", "0.0001", "0.0002"))
    ]


def test_a_value_that_one_run_lacks_is_a_difference():
    assert differences([{"a": 1}, {}]) == [Difference("a", ("1", ABSENT))]


def test_equal_configurations_have_none():
    assert differences([{"a": {"b": 1}}, {"a": {"b": 1}}]) == []
