"""Hypothesis strategies for legal calls, named by the axes of what they make.

The drawing itself is in cases.py, where a seeded generator can use it too.
"""

from hypothesis import strategies as st

from tests.helpers import cases

dtypes = st.sampled_from(cases.DTYPES)
data_formats = st.sampled_from(cases.FORMATS)
layouts = st.sampled_from(cases.LAYOUTS)
activations = st.sampled_from(cases.ACTIVATIONS)
channels = st.sampled_from(cases.CHANNELS)
paddings = st.sampled_from(("SAME", "VALID"))


def picker(draw):
    """Hypothesis as the source of chance of cases.py; shrinks towards the first element."""
    return lambda options: draw(st.sampled_from(options))


@st.composite
def axes_i_k_s_d_o(draw, padding, extents=cases.EXTENTS):
    """One axis: input length, kernel, stride, dilation and one of its legal output lengths."""
    return cases.draw_axis(picker(draw), padding, work=1, extents=extents)


@st.composite
def calls_n_dhw_ci_co(draw, threads=(None, 1), **fixed):
    """A whole call; `fixed` pins fields of cases.Case."""
    return cases.draw_case(picker(draw), threads)._replace(**fixed)
