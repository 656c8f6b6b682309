"""What a call costs beside its arithmetic: arguments, plan, launch."""

import conv3dt

from .common import SMALLEST, arrays, make_call, make_plain_call, plan_of


class Smallest:
    """One tap, eight positions, one channel."""

    def setup(self):
        self.plain, self.prepared = make_plain_call(SMALLEST), make_call(SMALLEST)
        self.x, _ = arrays(SMALLEST)
        self.layer = conv3dt.keras.layers.Conv3DTranspose(1, 1)
        self.plain()
        self.prepared()
        self.layer(self.x)
        plan_of(SMALLEST)

    def time_plain(self):
        self.plain()

    def time_prepared(self):
        self.prepared()

    def time_layer(self):
        self.layer(self.x)

    def time_explain(self):
        plan_of(SMALLEST)


class Refused:
    """A call with an illegal output length, from arguments to the error."""

    def setup(self):
        self.time_error()

    def time_error(self):
        try:
            conv3dt.explain((1, 2, 2, 2, 1), (1, 1, 1, 1, 1), (1, 3, 2, 2, 1), 1)
        except ValueError:
            return
        raise AssertionError("an illegal length was accepted")
