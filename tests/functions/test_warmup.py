"""What is compiled ahead is there when the first call comes."""

import pytest

import conv3dt
from conv3dt._compiler.plain import PLAIN
from conv3dt.cli.main import main
from tests.helpers.processes import run

pytestmark = pytest.mark.skipif(PLAIN, reason="nothing is compiled")

PLAN = "plan = conv3dt.explain(LAYER[0].shape, LAYER[1].shape, *LAYER[2:])\n"
COUNTS = "from conv3dt._compiler import store; print(dict(store.COUNTS))"


def counts(program):
    return eval(run(f"{program}\n{COUNTS}"))


def test_a_call_compiles_nothing_after_its_warmup(cold):
    assert counts(PLAN + "conv3dt.warmup(plan)")["misses"] > 0
    assert "misses" not in counts("check()")


def test_without_layers_only_tiles_are_left(cold):
    drivers = counts("conv3dt.warmup()")["misses"]
    tiles = counts("check()")
    assert 0 < tiles["misses"] < drivers
    assert "misses" not in counts("check(); conv3dt.warmup()")


def test_the_command(cold):
    words = ["--layer", "1,4,8,24,16", "3,3,3,16,16", "1,8,16,48,16", "strides=2"]
    program = "from conv3dt.cli.main import main; sys.exit(main(['warmup', *sys.argv[1:]]))"
    out = run(program, *words)
    assert str(cold) in out
    assert " 0 were there" in out
    assert "misses" not in counts("check()")
    assert " 0 compiled" in run(program, *words)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (["1,2,2,2,1"], "a layer has three shapes, INPUT FILTERS OUTPUT; got 1"),
        (["1,2,2,2,1", "1,1,1,1,x"], "integers like 1,2,3; got '1,1,1,1,x'"),
        (["1,2,2,2,1", "color=red"], "a layer's options are strides, dilations"),
        (["1,2,2,2,1", "1,1,1,1,1", "1,9,2,2,1"], "output_shape[1] must be 2"),
    ],
)
def test_wrong_layers(layer, message, capsys):
    assert main(["warmup", "--layer", *layer]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_only_plans():
    with pytest.raises(TypeError, match=r"^warmup: plans must be what explain returns; got \(1,"):
        conv3dt.warmup((1, 2, 3))
