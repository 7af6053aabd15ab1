"""What a trial asks of a system. Everything here runs in the system's own environment, which has pandas, NumPy and scikit-learn
beside it; imports of the system belong into `setup`, so that their time is seen."""

import importlib.metadata
from pathlib import Path


class System:
    """A system that is to learn from a table.

    problem    'binary', 'multiclass' or 'regression'
    folder     for its own files; it does not exist yet
    options    KEY -> VALUE
    """

    packages = ()
    """Distributions whose versions are recorded."""

    def __init__(self, problem, budget_s, threads, seed, folder, options):
        self.problem, self.budget_s, self.threads, self.seed = problem, budget_s, threads, seed
        self.folder, self.options = Path(folder), options
        self.classes = None

    def setup(self):
        """Import and start what is needed, before the clock runs."""

    def fit(self, X, y):
        """Learn from a DataFrame as read from CSV and a Series: of str for classes, else of float. Sets `classes`, the order of
        the columns that `predict` returns."""
        raise NotImplementedError

    def fit_file(self, train, target):
        """Learn from the CSV file at this path. Sets `classes` as `fit` does."""
        raise NotImplementedError

    def predict(self, X):
        """(n_rows,) values, or (n_rows, n_classes) probabilities."""
        raise NotImplementedError

    def save(self, folder):
        """Write what answers into an existing folder; return the folder that holds it."""
        raise NotImplementedError

    def about(self):
        """More that is to be recorded."""
        return {}

    def close(self):
        """End what `setup` started."""

    def versions(self):
        found = {}
        for package in self.packages:
            try:
                found[package] = importlib.metadata.version(package)
            except importlib.metadata.PackageNotFoundError:
                continue
        return found

    def coded(self, y):
        """Class labels as numbers, whose order `classes` is; values as they are."""
        if self.problem == "regression":
            return y
        self.classes = sorted(y.unique())
        return y.map({label: code for code, label in enumerate(self.classes)})
