"""What docs/benchmarks.md says between its tables."""

from __future__ import annotations

HEAD = """\
# Benchmarks

Scores, time, memory and latency of the engine on public tables, compared with other systems, and of a server through its API.
`python -m benchmarks.page` generates this page from the runs stored in `benchmarks/results`."""

HOW_TO_RUN = """\
## How to run it

`make bench` trains on every table of a suite with time limits of 10, 60 and 300 s, one run at a time, each in a new process that
is measured from outside, and prints the tables of this page next to the previous figures. It needs only the repository: most
tables are in `benchmarks/data`, others are made from public packages, and `TABLES_DIR` can name a folder with any of them
(`TABLE/train.csv.gz`, `TABLE/test.csv.gz`). Every table is checked by its SHA-256. Missing tables are skipped and named.

```sh
# the available development tables; an hour and a half
make bench
make bench TABLES=telco_churn,adult BUDGETS=10,60 SEEDS=0,1,2
# with tables in another folder
make bench BUDGETS=60 TABLES_DIR=../tables
make bench SUITE=held-out BUDGETS=10,60 PEERS=base_lgbm,base_catboost
# jobs and endpoints of a server; continues an earlier run
make bench SERVICE=1 BUDGETS=60 RESUME=1
# portfolio order learnt without the table in question
make bench LEFT_OUT=1 BUDGETS=10
make bench PEERS=flaml PEER_FLAML_PYTHON=envs/flaml/bin/python
# everything on this page that needs a quiet machine
make bench-quiet
# 300 s on a million rows of 30 columns, beside one large LightGBM
make bench-large
# ten million rows; MiB that Windvane may use, and what each of its tasks held; half an hour, 6 GB of memory, 20 GB of disk
make bench-large ROWS=10000000 BUDGET=900 MEMORY=2000 TIMELINE=ten.csv
# tables from public packages, into build/tables
.venv/bin/python -m benchmarks.recipes
# trains on the development tables and keeps jobs and models, for the next three
.venv/bin/python -m benchmarks.kept ../kept --budget 60
# do scores hold on new rows? how fast are the models?
.venv/bin/python -m benchmarks.honesty ../kept --record
# the contribution of each part of the engine
.venv/bin/python -m benchmarks.ablation ../kept
# the order of the portfolio
.venv/bin/python -m benchmarks.portfolio ../kept --record
# classes of texts, beside a tuned logistic regression; ten minutes
.venv/bin/python -m benchmarks.texts --record
# generates this page from the newest results
.venv/bin/python -m benchmarks.page
```

`PEERS` also runs other systems, each with the Python interpreter of its own environment:

| peers | interpreter | packages, besides pandas and scikit-learn |
| --- | --- | --- |
| `flaml` | `PEER_FLAML_PYTHON` | `flaml[automl] catboost` |
| `ag_medium_quality`, `ag_best_quality`, `agseq_best_quality` | `PEER_AUTOGLUON_PYTHON` | `autogluon.tabular[all,realmlp]` |
| `h2o` | `PEER_H2O_PYTHON` | `h2o` (and a Java runtime) |
| `lama` | `PEER_LAMA_PYTHON` | `lightautoml` |
| `mljar_Compete` | `PEER_MLJAR_PYTHON` | `mljar-supervised` |
| `base_lgbm`, `base_catboost`, `base_histgb`, `base_rf`: one default model each | none: Windvane's own | |
| `lgbm_500x255`: LightGBM with 500 trees of 255 leaves, ended when the budget is over | none: Windvane's own | |

Results are stored in `benchmarks/results/COMMIT.jsonl`; the commit is the last one that changed the engine, the code that runs
jobs, or the pinned dependencies."""

ABOUT_TABLES = """\
There are two suites, and their figures have different meanings.

**Development tables** were looked at while the engine was developed, so its figures on them are better than on
tables that it has never seen, by an unknown amount. These decisions were based on them:

- The order in which a search tries its portfolio of candidates was learnt from the results of every portfolio candidate on these
  tables (`benchmarks/portfolio.py`), from out-of-fold predictions and never from test rows. `LEFT_OUT=1` measures each table with
  the order learnt from the others.
- Defaults, ranges and bounds of learners, the shares of time in `engine/tuning/pacing.py`, the number of rows from which on fewer
  folds are used, and which members an ensemble may have were chosen on jobs of these tables. The main criterion was out-of-fold
  scores, but the test scores of this page were visible from one version to the next.
- The number of rounds of the ensemble's second layer was chosen with test scores visible
  ([engine.md](engine.md#the-second-layer)).
- What was [tried and left out](engine.md#tried-and-left-out) was left out because of its results on these tables, on rows that
  nothing was fitted to.

**cnae9** shows how little a small test set says: it has 270 rows, five of which make up half of the log loss, so the standard
error of a score is 0.03 to 0.04. Two runs of one commit with one seed and 60 s had 0.149 and 0.102. The scores depend on the
division into folds, which determines the ensemble's weights (0.115 and 0.138 with two of them,
[engine.md](engine.md#tried-and-left-out)), and on how many candidates finish: the table has about the size from which a second
division is worth its time, and runs of 60 s had between 22 and 40 candidates. So what looked like a regression (0.149,
0.140, 0.124 with three seeds, after 0.108, 0.135, 0.117) is a difference of 1.6 standard errors between runs, and nothing
was changed: with the same twelve candidates both commits have the same score (0.1355 with 10 s).

**Held-out tables** are from packages that anyone can get. No decision was based on them, and none may be: if the
engine is changed because of one of them, the table moves to the other suite."""

ABOUT_SCALE = """\
Scores on a table are scaled such that 0 is LightGBM with its default settings (`base_lgbm`). There are three scales. In
**score 0..1**, 1 is the best *other* system on the table with any time limit, and scores are limited to the range -1 to 2.
**no limits** is the same without this range. In **1 = best of all**, 1 is the best of all systems including Windvane with any time
limit, so that nothing is above 1. If 0 and 1 are closer than the noise (0.002 for AUC, otherwise 1 % of LightGBM's score), the
unit is the noise. A table without figures of other systems has no score, and neither has a failed run.

- **tables** is the number of tables that a mean is taken over. It differs between systems; so **Windvane there** is Windvane's mean
  score 0..1 on exactly the tables of the system in the row, with the same time limit (60 s for default models).
- **rank** is the mean rank among the default models and every system at its longest time limit up to 60 s (or Windvane's, if
  that is longer).
- Times, memory and sizes are medians, with the maximum in brackets. **fit - budget** is the duration of training minus the time
  limit. Memory is the peak of the whole process tree, as RSS (resident set size: shared pages count for each process) and PSS
  (proportional set size: shared pages count once).
- **1 row** is the median time to predict a DataFrame of one row, **rows/s** the speed for the whole test set at once.
- **CPU of others** is the share of the machine's two cores that other processes used during the run. Some systems were measured
  on a busier machine than others, which costs them scores, time and latency."""

ABOUT_SERVICE = """\
For each run, `make bench SERVICE=1` starts a server in its own folder, uploads the table to its S3, creates a job with
`MaxAutoMLJobRuntimeInSeconds` and without deployment, and scores an endpoint created from the best candidate's containers.
**Time used** is the share of the time limit from `CreationTime` to `EndTime`; for the library, the duration of `fit`. **1 row** is
the conversion of a DataFrame's row to CSV and an InvokeEndpoint with boto3, including signature and HTTP. With more than two classes the objective is Accuracy, because AWS's API
has no log loss."""

NOT_MEASURED = "Not measured on a quiet machine so far."

ABOUT_HONESTY = """\
## Do leaderboards say what new rows show?

The leaderboard's score and standard error of the final model, compared with its score on the test rows. **off by SE** is the
difference in these standard errors, negative if the score on the test rows is worse; **off by SE of both** also includes the
standard error on the test rows, which are a sample, too. **fast one near best** says whether the leaderboard has a candidate with
a latency of a millisecond or less within one standard error of the best. **final ms** and **best single ms** are the latencies of
one row through the predictor that the leaderboard states, for the final model and for the best candidate that is not an ensemble;
they were measured while the other core was training. **load ms** is the time to load the saved model, **first model s** the
time from the start of the job to its first model."""

ABOUT_TEXTS = """\
## Classes of texts

Accuracy on the test rows of four corpora that lie in `benchmarks/data`: lines in English (`sms_spam`) and in Japanese
(`emoji_ja`), paragraphs in 40 languages of Latin script (`udhr_languages`), and pages in English (`sotu_presidents`). The
peer is scikit-learn's logistic regression on tf-idf: terms (words and pairs of them, words alone, characters within words or
across them) and regularisation are chosen by cross-validation with three folds on the training rows, until the same time is
over; what is under way then is finished, and there is always one choice. **In SE** is the difference in its standard errors,
positive if Windvane is better. A machine that others use leaves both systems a fraction of their time: in an earlier run of
`udhr_languages`, at a load of 23, no candidate of Windvane's was finished after 60 s but the constant baseline (0.026).
The last row is of the later commit, whose scores of characters are of whole texts (before: 0.5298); the other three were not
measured again. Of 168 texts, a difference of 0.02 is less than one standard error."""
