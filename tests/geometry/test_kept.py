"""Properties that are computed once."""

from dataclasses import dataclass

from conv3dt._geometry.kept import cached_property


@dataclass(frozen=True)
class Counted:
    made: list

    @cached_property
    def value(self):
        """The value."""
        self.made.append(len(self.made))
        return self.made[-1]


def test_a_property_is_computed_once_for_each_instance():
    first, second = Counted([]), Counted([7])
    assert (first.value, first.value, second.value) == (0, 0, 1)
    assert (first.made, second.made) == ([0], [7, 1])


def test_a_property_of_the_class_is_itself():
    assert isinstance(Counted.value, cached_property)
    assert Counted.value.__doc__ == "The value."
