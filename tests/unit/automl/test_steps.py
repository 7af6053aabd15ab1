from dataclasses import dataclass

from windvane.automl.steps import ActionHistory, ActionStep, Status


@dataclass(frozen=True)
class Work:
    number: int

    @property
    def key(self) -> str:
        return f"work/{self.number}"


@dataclass(frozen=True)
class Rest:
    key: str = "rest"


def test_a_history_has_one_step_for_an_actions_key():
    history = ActionHistory().with_step(ActionStep(Work(1), Status.WAITING))
    history = history.with_step(ActionStep(Work(2), Status.RUNNING, began=1.0))
    history = history.with_step(ActionStep(Work(1), Status.DONE, 2.0, 3.0))
    assert [step.action.number for step in history.steps] == [1, 2]
    assert history.step("work/1").ended == 3.0
    assert history.step("rest") is None


def test_a_history_knows_what_is_under_way():
    history = ActionHistory((ActionStep(Work(1), Status.RUNNING), ActionStep(Rest(), Status.DONE)))
    assert history.is_busy(Work)
    assert not history.is_busy(Rest)
    assert history.has_any(Rest)
