"""Estimator of the SageMaker SDK 2.x with one of this server's images: trained on CSV, deployed, asked, deleted.

arguments    URI of the image, prefix of the rows, one row to predict
prints       the training job's name, and the answer, as JSON
"""

import json
import os
import sys

import sagemaker
from sagemaker.deserializers import CSVDeserializer
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.serializers import CSVSerializer

image, rows, row = sys.argv[1:]
estimator = Estimator(
    image,
    os.environ["WINDVANE_ROLE_ARN"],
    instance_count=1,
    instance_type="ml.m5.large",
    output_path=f"s3://{os.environ['WINDVANE_BUCKET']}/estimated",
    hyperparameters={"num_round": 30, "eta": 0.2, "objective": "binary:logistic"},
    sagemaker_session=sagemaker.Session(),
)
estimator.fit({"train": TrainingInput(rows, content_type="text/csv")})
predictor = estimator.deploy(
    1, "ml.m5.large", serializer=CSVSerializer(), deserializer=CSVDeserializer()
)
answer = predictor.predict(row)
predictor.delete_model()
predictor.delete_endpoint()
print("\n" + json.dumps({"job": estimator.latest_training_job.name, "answer": answer}))
