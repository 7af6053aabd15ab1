"""Puts the bundled data where Amazon's sample notebooks look for theirs: `fill.py FOLDER`.

FOLDER then stands for the bucket `sagemaker-example-files-prod-REGION`; docs/samples.md tells how.
"""

import gzip
import io
import sys
import tarfile
from pathlib import Path

import pandas as pd

EXAMPLES = Path(__file__).resolve().parents[1]
HOUSING = [
    "longitude",
    "latitude",
    "housing_median_age",
    "total_rooms",
    "total_bedrooms",
    "population",
    "households",
    "median_income",
    "median_house_value",
]


def bank_marketing() -> bytes:
    """All rows of bank-additional-full, with a header."""
    parts = [pd.read_csv(EXAMPLES / f"bank_marketing/{part}.csv.gz") for part in ("train", "test")]
    return pd.concat(parts).to_csv(index=False).encode()


def california_housing() -> bytes:
    """The archive that the notebook unpacks: one file of nine columns of numbers without a header."""
    table = pd.read_csv(EXAMPLES / "california_housing/housing.csv.gz")
    text = table[HOUSING].to_csv(index=False, header=False).encode()
    entry = tarfile.TarInfo("CaliforniaHousing/cal_housing.data")
    entry.size = len(text)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(entry, io.BytesIO(text))
    return packed.getvalue()


def telco_churn() -> bytes:
    """Another table than that of the notebook, so under a key of its own."""
    return gzip.decompress((EXAMPLES / "telco_churn/churn.csv.gz").read_bytes())


OBJECTS = {
    "datasets/tabular/uci_bank_marketing/bank-additional-full.csv": bank_marketing,
    "datasets/tabular/california_housing/cal_housing.tgz": california_housing,
    "datasets/tabular/telco_churn/churn.csv": telco_churn,
}

if __name__ == "__main__":
    [folder] = sys.argv[1:]
    for key, content in OBJECTS.items():
        file = Path(folder, key)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content())
        print(file)
