"""The candidate definitions of a table: a notebook that says what its candidates are and trains them, and the modules
that it uses.

A dataset folder is all that is needed of the job's work, so definitions can be had as soon as the data are analysed.
The same table and job give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from windvane.engine.data.dataset import read_analysis
from windvane.engine.definitions.modules import FOLDER, modules
from windvane.engine.definitions.notebook import notebook_of
from windvane.engine.definitions.pipelines import pipelines
from windvane.engine.definitions.record import DefinedJob

NOTEBOOK = "notebooks/SageMakerAutopilotCandidateDefinitionNotebook.ipynb"


def define(dataset: Path, job: DefinedJob) -> Mapping[str, bytes]:
    """Relative paths -> contents: `notebooks/` with the notebook, and `generated_module/` beside it.

    raises    CorruptArtifact
    """
    analysis = read_analysis(dataset)
    defined = pipelines(analysis, job)
    made = modules(analysis, job, defined)
    notebook = notebook_of(analysis, job, defined, sorted(made))
    return {
        NOTEBOOK: notebook.encode(),
        **{f"{FOLDER}/{path}": content for path, content in made.items()},
    }
