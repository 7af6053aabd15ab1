from dataclasses import replace

import pytest

from benchmarks.cluster.simulation import Cluster, Costs, Figures, Simulation, beside, workflows_of

FREE = Costs(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
SECONDS = 120.0


@pytest.fixture(scope="module")
def flows():
    return workflows_of(workers=2, max_candidates=6)


def simulated(cluster: Cluster, flows) -> Figures:
    return Simulation(cluster, flows, warm_s=0.0).run(SECONDS)


def test_workers_are_busy_all_the_time_where_nothing_else_takes_time(flows):
    found = simulated(Cluster(nodes=2, costs=FREE), flows)
    assert found.jobs > 0
    assert found.store_s == 0.0
    assert 0.9 < found.busy_s / (2 * 2 * SECONDS) < 1.1  # the last tasks end later


def test_twice_the_nodes_do_twice_the_work(flows):
    one, two = (simulated(Cluster(nodes, costs=FREE), flows) for nodes in (2, 4))
    assert two.tasks == pytest.approx(2 * one.tasks, rel=0.15)


def test_a_store_that_is_slow_bounds_all_nodes_together(flows):
    slow = replace(FREE, claim_s=0.5, finish_s=0.5)
    found = simulated(Cluster(nodes=16, costs=slow), flows)
    assert found.tasks <= SECONDS / (slow.claim_s + slow.finish_s) + 1
    assert found.store_s >= 0.9 * SECONDS


def test_few_jobs_leave_workers_without_work(flows):
    busy = simulated(Cluster(nodes=4, costs=FREE), flows)
    idle = simulated(Cluster(nodes=4, costs=FREE, jobs_per_day=86_400 / 30), flows)
    assert idle.busy_s < busy.busy_s
    assert sorted(idle.waits_s)[len(idle.waits_s) // 2] < 1.0


def test_jobs_that_are_given_end_sooner_on_more_nodes_and_at_another_pace(flows):
    one = beside(Cluster(nodes=1, jobs=4, costs=FREE), flows)
    more = beside(Cluster(nodes=2, jobs=4, costs=FREE), flows)
    fast = beside(Cluster(nodes=1, jobs=4, pace=4, costs=FREE), flows)
    assert one.ended_s > 1.5 * more.ended_s
    assert one.ended_s == pytest.approx(4 * fast.ended_s, rel=0.1)
    assert one.jobs == more.jobs == fast.jobs == 4
