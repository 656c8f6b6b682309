"""What a call says of itself."""

import re

import pytest

from tests.helpers.processes import finish, run, start

LINE = re.compile(
    r"conv3dt,conv3d_transpose,float32,NDHWC,1x4x8x24x16->8x16x48x16,k3x3x3 s2x2x2 d1x1x1,"
    r"\w+ \w+ [x\d ]+,threads \d+,[\d.]+ ms,[\d.]+ GFLOP/s"
)


def test_one_line_a_call():
    out, err = finish(start("check(); check()", CONV3DT_VERBOSE="1"))
    assert out == ""
    assert len(err.splitlines()) == 2
    for line in err.splitlines():
        assert LINE.fullmatch(line), line


@pytest.mark.parametrize("value", [None, "0", ""])
def test_silence_unless_asked(value):
    assert finish(start("check()", CONV3DT_VERBOSE=value)) == ("", "")


def test_the_logger_is_the_standard_one():
    program = """
import logging
lines = []
class Keep(logging.Handler):
    def emit(self, record):
        lines.append((record.levelname, record.getMessage()))
logging.getLogger("conv3dt").addHandler(Keep())
check()
assert lines == []
logging.getLogger("conv3dt").setLevel(logging.DEBUG)
check()
print(lines)
"""
    [(level, line)] = eval(run(program))
    assert level == "DEBUG"
    assert LINE.fullmatch(line)
