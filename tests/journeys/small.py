"""A table that is quickly learnt from."""

import numpy as np
from botocore.exceptions import ClientError
from journeys.running import limits

N_ROWS = 700
OF_CLASSES = "again-classes"
N_CANDIDATES = 4


def trained(server, name):
    """The finished job of this name on the table, of classes or of numbers: one for all journeys."""
    try:
        server.client("sagemaker").describe_auto_ml_job(AutoMLJobName=name)
    except ClientError:
        uri = server.upload(f"{name}/train.csv", table(name == OF_CLASSES))
        server.create_job(name, uri, AutoMLJobConfig=limits(N_CANDIDATES, 200))
    ended = server.wait_for_job(name)
    assert ended["AutoMLJobStatus"] == "Completed", ended
    return ended


def table(of_classes):
    """Two columns that count, one of them with missing cells, and a date; nothing is learnt without error."""
    random = np.random.default_rng(3)
    a, b, noise = random.normal(size=(3, N_ROWS)).round(3)
    colours = random.choice(["red", "green", "blue, or so"], N_ROWS)
    lines = ["a,colour,b,day,y"]
    for i in range(N_ROWS):
        value = a[i] * b[i] + (colours[i] == "red") + noise[i] / 2
        y = ("yes" if value > 0.4 else "no") if of_classes else f"{value:.3f}"
        cell = "" if i % 9 == 0 else f"{b[i]}"
        lines.append(f'{a[i]},"{colours[i]}",{cell},2024-{1 + i % 12:02d}-{1 + i % 28:02d},{y}')
    return "\n".join(lines).encode()
