"""Candidate definitions in the folder of a job without a service."""

import ast
import shutil
import time

import nbformat

from windvane.automl.local.defining import definitions_beside, write_definitions
from windvane.automl.local.events import EventEmitter
from windvane.automl.local.job import Job
from windvane.domain.problem import ProblemSpec


def _of(folder):
    return Job(
        files=(),
        format="csv",
        compression="None",
        problem=ProblemSpec("y"),
        started=time.time(),
        max_runtime_s=50.4,
        max_candidates=3,
        threads=1,
        memory_mb=2000,
        out=folder,
        reports_s=9.0,
        definitions=True,
    )


def _copied(job, tmp_path):
    folder = tmp_path / "o'job"
    shutil.copytree(job / "dataset", folder / "dataset")
    return _of(folder)


def test_the_notebook_finds_the_jobs_folder_from_where_it_stands(job, tmp_path):
    asked = _copied(job, tmp_path)
    (asked.out / "definitions").mkdir()
    (asked.out / "definitions" / "old").touch()
    write_definitions(asked)
    folder = asked.out / "definitions"
    assert {path.name for path in folder.iterdir()} == {"generated_module", "notebooks"}
    [file] = (folder / "notebooks").iterdir()
    notebook = nbformat.read(file, as_version=4)
    [source] = [cell.source for cell in notebook.cells if cell.source.startswith("RUN_ON")]
    facts = {one.targets[0].id: ast.literal_eval(one.value) for one in ast.parse(source).body}
    assert facts["RUN_ON"] == "local"
    assert (file.parent / facts["DATASET_FOLDER"]).resolve() == asked.folders.dataset.resolve()
    assert facts["JOB"]["name"] == "o'job"
    assert (facts["JOB"]["max_candidates"], facts["JOB"]["max_runtime_s"]) == (3, 60.0)


def test_what_became_of_definitions_is_told(job, tmp_path):
    told = []
    emitter = EventEmitter(0.0, told.append)
    asked = _copied(job, tmp_path)
    with definitions_beside(asked, time.time() + 60, emitter):
        pass
    with definitions_beside(asked, 0.0, emitter):
        pass
    (tmp_path / "nothing").mkdir()
    with definitions_beside(_of(tmp_path / "nothing"), time.time() + 60, emitter):
        pass
    assert [one["state"] for one in told] == ["written", "left-out", "failed"]
    notes = [one["note"] for one in told]
    assert notes[0] == ""
    assert "there was not enough time" in notes[1]
    assert "dataset" in notes[2]
