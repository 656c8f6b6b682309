"""How many threads a call uses by default, and why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conv3dt._runtime import groups, team
from tests.helpers.processes import run

COUNT = "from conv3dt._runtime import team; print(*team.count_and_reason(), sep='|')"
NAMES = ["CONV3DT_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK"]
UNSET = dict.fromkeys(NAMES)


def count(**environment):
    number, reason = run(COUNT, begin="", **UNSET | environment).strip().split("|")
    return int(number), reason


@pytest.mark.parametrize("name", NAMES)
def test_a_variable_is_a_limit(name):
    assert count(**{name: "1"}) == (1, name)


def test_the_first_variable_counts():
    assert count(OMP_NUM_THREADS="1,2", SLURM_CPUS_PER_TASK="1")[1] == "OMP_NUM_THREADS"
    assert count(CONV3DT_NUM_THREADS="1", NUMBA_NUM_THREADS="2")[1] == "CONV3DT_NUM_THREADS"
    assert count(NUMBA_NUM_THREADS="1", OMP_NUM_THREADS="1")[1] == "NUMBA_NUM_THREADS"


@pytest.mark.parametrize("others", [{"OMP_NUM_THREADS": "1"}, {"NUMBA_NUM_THREADS": "1"}], ids=str)
def test_ours_gives_more_than_the_others(others):
    assert count(CONV3DT_NUM_THREADS="10000", **others) == count()


@pytest.mark.skipif(team.available() < 2, reason="needs two processors")
def test_where_numba_has_fewer_threads_others_do_the_work():
    program = """
    from conv3dt._runtime import team
    check(threads=2)
    print(team.whose())
    """
    found = run(program, **UNSET | {"CONV3DT_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "1"})
    assert found == "Python's own, not Numba's: NUMBA_NUM_THREADS gives it fewer\n"


@pytest.mark.parametrize("text", ["10000", "", "0", "-1", "many", "1.5"])
def test_no_variable_gives_more_than_there_are(text):
    assert count(OMP_NUM_THREADS=text)[0] == count()[0]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be chosen")
def test_affinity():
    program = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n" + COUNT
    assert run(program, begin="", **UNSET) == "1|the processors this process may use\n"


GROUPS = [  # files below the root, what /proc/self/cgroup says, the quota
    ({"cpu.max": "150000 100000"}, "0::/", 1),
    ({"cpu.max": "max 100000", "job/cpu.max": "300000 100000"}, "0::/job/step", 3),
    ({"job/cpu.max": "800000 100000", "job/step/cpu.max": "max 100000"}, "0::/job/step", 8),
    ({"job/cpu.max": "800000 100000", "job/step/cpu.max": "50000 100000"}, "0::/job/step", 1),
    ({"cpu.max": "max 100000"}, "0::/", None),
    ({"cpu/a/cpu.cfs_quota_us": "200000", "cpu/a/cpu.cfs_period_us": "100000"}, "4:cpu:/a", 2),
    ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu,cpuacct:/", None),
    ({}, "", None),
]


@pytest.mark.parametrize(("files", "member", "quota"), GROUPS, ids=str)
def test_quota_of_a_control_group(files, member, quota, tmp_path):
    for name, text in files.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    (tmp_path / "member").write_text(member + "\n")
    where = {"root": tmp_path / "root", "member": tmp_path / "member"}
    assert team._quota(**where) == quota


def test_a_real_control_group():
    """In a group of half a processor there is one thread."""
    new = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    group = Path("/sys/fs/cgroup" if new else "/sys/fs/cgroup/cpu") / f"conv3dt-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        pytest.skip("control groups cannot be made here")
    try:
        try:
            if new:
                (group / "cpu.max").write_text("50000 100000")
            else:
                (group / "cpu.cfs_quota_us").write_text("50000")
        except OSError:
            pytest.skip("control groups cannot be limited here")
        join = f"open({str(group / 'cgroup.procs')!r}, 'w').write(str(__import__('os').getpid()))"
        environment = {name: value for name, value in os.environ.items() if name not in UNSET}
        found = subprocess.run(
            [sys.executable, "-c", f"{join}\n{COUNT}"],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert found.stdout == "1|the control group's quota\n"
        assert groups.numbers("memory", "no such file") == []
    finally:
        group.rmdir()
