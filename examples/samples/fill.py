"""Puts the bundled data where Amazon's sample notebooks look for theirs: `fill.py FOLDER`.

FOLDER then stands for the buckets `sagemaker-example-files-prod-REGION` and `amazon-forecast-samples`; docs/samples.md tells how.
"""

import gzip
import io
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
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


WEEKS, WEEKS_AHEAD = 120, 4


def food_demand() -> pd.DataFrame:
    """Made up: weekly sales of four products in three places, with the price and the promotions of the weeks ahead."""
    random = np.random.default_rng(7)
    kinds = {"apple": "fruit", "pear": "fruit", "bagel": "bread", "toast": "bread"}
    weeks = pd.date_range("2022-01-03", periods=WEEKS + WEEKS_AHEAD, freq="7D")
    parts = []
    for number, (product, kind) in enumerate(kinds.items(), start=1):
        for place in ("north", "south", "west"):
            price = random.choice([0.8, 0.9, 1.0], len(weeks))
            email, homepage = random.integers(0, 2, (2, len(weeks)))
            season = 1 + 0.3 * np.sin(2 * np.pi * np.arange(len(weeks)) / 52)
            sales = 40 * number * season * (2 - price) * (1 + 0.2 * email + 0.1 * homepage)
            sales = np.round(sales + random.normal(0, 4, len(weeks)))
            parts.append(
                pd.DataFrame(
                    {
                        "product_code": product,
                        "product_category": "food",
                        "product_subcategory": kind,
                        "location_code": place,
                        "scaled_price": price,
                        "promotion_email": email,
                        "promotion_homepage": homepage,
                        "timestamp": weeks.strftime("%Y-%m-%d"),
                        "unit_sales": np.where(np.arange(len(weeks)) < WEEKS, sales, np.nan),
                    }
                )
            )
    return pd.concat(parts)


def food_demand_of_one() -> bytes:
    table = food_demand()
    chosen = (table["product_code"] == "apple") & (table["location_code"] == "north")
    return table[chosen].to_csv(index=False).encode()


def electricity_load() -> bytes:
    """Made up: the load of four customers for 30 days, in the format of the archive that the notebook reads."""
    random = np.random.default_rng(8)
    times = pd.date_range("2014-12-02 00:15", periods=30 * 96, freq="15min")
    hour = times.hour + times.minute / 60
    daily = 1 + 0.5 * np.sin(2 * np.pi * (hour - 8) / 24) + 0.2 * (times.day_of_week < 5)
    table = pd.DataFrame(
        {
            f"MT_{number:03d}": 50 * number * daily + random.normal(0, 3, len(times))
            for number in range(1, 5)
        },
        index=times,
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("LD2011_2014.txt", table.to_csv(sep=";", decimal=","))
    return packed.getvalue()


OBJECTS = {
    "datasets/tabular/uci_bank_marketing/bank-additional-full.csv": bank_marketing,
    "datasets/tabular/california_housing/cal_housing.tgz": california_housing,
    "datasets/tabular/telco_churn/churn.csv": telco_churn,
    "datasets/timeseries/uci_electricity/LD2011_2014.txt.zip": electricity_load,
    "autopilot/synthetic-food-demand.csv": lambda: food_demand().to_csv(index=False).encode(),
    "autopilot/real-time-payload.csv": food_demand_of_one,
}

if __name__ == "__main__":
    [folder] = sys.argv[1:]
    for key, content in OBJECTS.items():
        file = Path(folder, key)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content())
        print(file)
