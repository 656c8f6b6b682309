"""Steady state: calls of layers of published models, compiled and warm."""

from .common import LAYERS, VARIANTS, make_plain_call, make_variant

REPEAT = (5, 50, 1.0)  # least, most, seconds: enough samples for asv to tell noise from change


class Plain:
    """TensorFlow's function: the output is allocated and filters are packed in every call."""

    params = (*LAYERS,)
    param_names = ("layer",)
    repeat, warmup_time = REPEAT, 0.1

    def setup(self, layer):
        self.call = make_plain_call(LAYERS[layer])
        self.call()

    def time_call(self, layer):
        self.call()


class Prepared:
    """Filters packed once, output in memory that is there: dtypes, layouts, threads."""

    params = ((*LAYERS,), (*VARIANTS,))
    param_names = ("layer", "variant")
    repeat, warmup_time = REPEAT, 0.1

    def setup(self, layer, variant):
        try:
            self.call = make_variant(LAYERS[layer], variant)
        except ImportError as error:
            raise NotImplementedError from error  # asv's word for a case to be left out
        self.call()

    def time_call(self, layer, variant):
        self.call()
