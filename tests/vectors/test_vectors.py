"""The golden vectors are those of the code."""

from tests.vectors.generate import main


def test_vectors_in_the_repository_are_those_of_the_code() -> None:
    assert main(["--check"]) == 0
