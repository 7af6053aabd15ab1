"""A client of MLflow that keeps runs in memory."""

from types import SimpleNamespace


class Recorded:
    """A client of MLflow that keeps runs in memory, and fails where it is told to.

    fails    the name of a method and an argument to it, and what is raised
    """

    def __init__(self, *fails):
        self.runs, self.fails, self.artifacts = {}, fails, []

    def create_run(self, experiment_id, run_name, tags):
        run_id = f"run {len(self.runs)}"
        self.runs[run_id] = SimpleNamespace(
            name=run_name, tags=tags, status="RUNNING", start_time=len(self.runs)
        )
        return SimpleNamespace(info=SimpleNamespace(run_id=run_id))

    def log_batch(self, run_id, metrics, params):
        for method, name, error in self.fails:
            if (method, name) == ("log_batch", self.runs[run_id].name):
                raise error

    def get_experiment_by_name(self, name):
        return SimpleNamespace(experiment_id="1")

    def search_runs(self, experiment_ids, which, max_results, order_by):
        _, key, _, value, _ = which.replace("`", "'").split("'")
        found = [(i, run) for i, run in self.runs.items() if run.tags.get(key) == value]
        return [
            SimpleNamespace(
                info=SimpleNamespace(
                    run_id=run_id,
                    run_name=run.name,
                    status=run.status,
                    start_time=run.start_time,
                ),
                data=SimpleNamespace(tags=run.tags),
            )
            for run_id, run in found
        ]

    def delete_run(self, run_id):
        self.runs[run_id].tags = {"deleted": "yes"}

    def update_run(self, run_id, status):
        self.runs[run_id].status = status

    def log_artifacts(self, run_id, folder, into):
        self.artifacts.append(into)

    def set_tag(self, run_id, key, value):
        for method, name, error in self.fails:
            if (method, name) == ("set_tag", self.runs[run_id].name):
                raise error
        self.runs[run_id].tags[key] = value

    def set_terminated(self, run_id, status):
        self.runs[run_id].status = status

    def found(self):
        return {
            run.name: (run.status, run.tags.get("mlflow.note.content", ""))
            for run in self.runs.values()
        }
