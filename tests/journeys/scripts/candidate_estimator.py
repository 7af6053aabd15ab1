"""CandidateEstimator of the SageMaker SDK 2.x does the steps of a job's best candidate again.

`candidate_estimator.py JOB TRAIN.csv`: the last line printed is JSON of what it was told.
"""

import json
import sys

import sagemaker
from sagemaker.automl.automl import AutoML
from sagemaker.automl.candidate_estimator import CandidateEstimator

name, train = sys.argv[1:]
session = sagemaker.Session()
candidate = AutoML.attach(name, sagemaker_session=session).best_candidate()
estimator = CandidateEstimator(candidate, sagemaker_session=session)
described = [(step.type, step.name) for step in estimator.get_steps()]
estimator.fit(train)

told = {
    "metric": candidate["FinalAutoMLJobObjectiveMetric"],
    "described": described,
    "again": [(step["type"], step["name"]) for step in estimator.steps],
}
print(f"\n{json.dumps(told)}")
