"""What to do about every error and reason that a user meets: the words of docs/errors.md, which scripts/errors_page.py makes.

A reason stands with facts as an example, so that the page shows its sentence as the code words it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from windvane import errors
from windvane.notes.codes import DataValue, NoteCode, ProcessEnd
from windvane.notes.note import Note, said

_C = NoteCode


def _data(text: str) -> DataValue:
    return DataValue(text)


@dataclass(frozen=True)
class Reason:
    """A note as an example, and what to do about it."""

    code: NoteCode
    remedy: str
    facts: Mapping[str, object] = field(default_factory=dict)
    because: Note | None = None

    @property
    def note(self) -> Note:
        return Note(self.code, self.facts, self.because)


@dataclass(frozen=True)
class Reasons:
    """A section of the page: reasons of one kind."""

    title: str
    told: str
    rows: tuple[Reason, ...]


_MEMORY = Note(_C.MEMORY_LIMIT, {"memory_mb": 2048})
_TIME = Note(_C.NO_TIME)
_CLASSES = {"n_rows": 600, "n_folds": 2, "of_folds": 5, "metric": "AUC"}

REASONS = (
    Reasons(
        "The data of a job",
        "The job ends as `Failed`, in its first phase. Nothing was trained. Mend the file or the request, and create the job again; "
        "a [preview](preview.md) shows the same before a job begins.",
        (
            Reason(
                _C.TOO_FEW_ROWS,
                "Add rows. Rows without a value in the target column are not counted; values that are no number are not "
                "counted in a regression.",
                {"n_rows": 431, "n_invalid": 4, "least_rows": 500, "column": _data("y")},
            ),
            Reason(
                _C.COLUMN_MISSING,
                "Check the spelling, with capitals and blanks, in the header of the file. A file without a header needs one.",
                {
                    "role": "target",
                    "column": _data("prize"),
                    "near": _data("price"),
                    "columns": _data("area, rooms, price"),
                },
            ),
            Reason(
                _C.TARGET_CONSTANT,
                "There is nothing to learn from one value. Choose another target, or add the rows that were filtered out.",
                {"column": _data("y"), "value": _data("yes"), "n_rows": 900},
            ),
            Reason(
                _C.TARGET_EMPTY,
                "Most often the file has the values under another name, or an export lost them.",
                {"column": _data("y"), "n_rows": 900},
            ),
            Reason(
                _C.CLASS_OF_ONE_ROW,
                "Merge rare classes into one (`other`), or remove the row. For amounts and counts, choose regression.",
                {"column": _data("y"), "label": _data("17"), "is_numeric": 1},
            ),
            Reason(
                _C.RAGGED_ROW,
                "Usually a comma in a text that is not quoted, or a line break in it. Write the file again with quoting (pandas, R "
                "and spreadsheets do by themselves), or as Parquet.",
                {
                    "file": _data("train.csv"),
                    "line": 17,
                    "n_fields": 6,
                    "n_columns": 5,
                    "delimiter": _data(","),
                },
            ),
            Reason(
                _C.FILE_UNREADABLE,
                "Compare the file with `ContentType` and `CompressionType` of the request. Text must be UTF-8; "
                "[data](data.md) says what is read.",
                {"file": _data("train.parquet"), "format": "Parquet", "why": _data("...")},
            ),
            Reason(
                _C.FILE_EMPTY,
                "Upload the file again: an upload was cut off.",
                {"file": _data("a.csv")},
            ),
        ),
    ),
    Reasons(
        "The end of a job",
        "`FailureReason` of `DescribeAutoMLJob`, and the page of the job. What the job wrote before it failed remains in S3.",
        (
            Reason(
                _C.JOB_LIMIT,
                "Give the job more time (`MaxAutoMLJobRuntimeInSeconds`), or fewer rows to begin with. If the data waited long, the server had just started or is "
                "busy: fewer jobs at once, or more workers ([configuration](configuration.md)).",
                {"task": "analyze", "limit_s": 60, "waited_s": 45},
            ),
            Reason(_C.NOT_ENOUGH_TIME, "As above.", {"limit_s": 30}),
            Reason(
                _C.NOT_READ_IN_TIME,
                "The limit is wall-clock time from the creation of the job; time when the server was down counts. If it was busy "
                "with other jobs: fewer at once, or more workers ([configuration](configuration.md)).",
                {"limit_s": 600},
            ),
            Reason(
                _C.MEMORY_LIMIT,
                "Raise `[work] memory_mb`, run fewer `workers`, or use fewer rows or columns. Columns of long texts and of many "
                "categories need most.",
                {"memory_mb": 2048},
            ),
            Reason(
                _C.NO_MODEL,
                "The reasons of the single candidates say more: see the leaderboard, or `PartialFailureReasons`. Mostly memory or time.",
                because=_MEMORY,
            ),
            Reason(
                _C.NOT_PACKABLE,
                "The candidate is on the leaderboard with its score. Free disk space or memory, as the reason says, and create the job "
                "again.",
                {"index": 4},
                _MEMORY,
            ),
            Reason(
                _C.NO_DEFINITIONS,
                "The job was asked for candidate definitions only (`GenerateCandidateDefinitionsOnly`). The reason follows; mostly the "
                "time limit.",
                because=_TIME,
            ),
            Reason(
                _C.ANALYSIS_CANCELLED,
                "The job was stopped before its data were read, so it has no candidate. Create it again.",
            ),
            Reason(
                _C.VOLUME_LOST,
                "Jobs with `VolumeKmsKeyId` keep their files in memory ([encryption](encryption.md)); a restart of the machine ends "
                "them.",
                {"job": "churn-1"},
            ),
            Reason(
                _C.VOLUME_UNUSABLE,
                "`VolumeKmsKeyId` needs a key that is enabled and that the role may use, and a machine that offers encrypted volumes: "
                "`windvane doctor`, [encryption](encryption.md).",
                because=said("..."),
            ),
            Reason(
                _C.JOB_BROKEN,
                "This is a fault of Windvane. Create the job again; if it happens again, report it with the server's log of that time.",
                because=said("..."),
            ),
            Reason(_C.INTERNAL_ERROR, "As above.", because=said("...")),
        ),
    ),
    Reasons(
        "Processes that end",
        "Each task of a job is a process of its own. How it ended is often the reason of one of the other messages.",
        (
            Reason(_C.TIME_OVER, "Raise the limit that the message around it names."),
            Reason(_C.MEMORY_OVER, "Raise `[work] memory_mb`, or use fewer rows or columns."),
            Reason(_C.RAN_OUT_OF_MEMORY, "As above. Other programs on the machine may need it."),
            Reason(
                _C.CALLBACKS_FORBIDDEN,
                "In a unit of your own, remove the line, `systemctl daemon-reload`, and restart the server.",
            ),
            Reason(
                _C.SIGNALLED,
                "`SIGKILL` without a message before it mostly comes from the kernel: `dmesg` names the process. Other signals point to a "
                "fault of a library or of the machine.",
                {"signal": "SIGKILL"},
            ),
            Reason(
                _C.EXITED, "The server's log has the last lines of the process.", {"exit_code": 1}
            ),
            Reason(
                _C.REPORT_UNREADABLE,
                "Mostly a full disk. Free some space and create the job again.",
            ),
            Reason(_C.TOLD_TO_STOP, "Somebody stopped the job, or the server was stopped."),
            Reason(
                _C.STARTER_ENDED, "The server ended. It goes on with the job when it starts again."
            ),
            Reason(
                _C.PROCESS_LOST,
                "The machine that ran it is gone or cannot be reached; the task is started again on another one.",
                {"text": _data("...")},
            ),
            Reason(
                _C.ATTEMPTS_USED,
                "Something in this task takes its worker down: see the server's log. Mostly the machine ran out of memory: run fewer "
                "`workers`, or lower `[work] memory_mb`.",
                {"attempts": 3, "worker": "worker-2"},
            ),
            Reason(
                _C.LOST_TOO_OFTEN,
                "Nodes of the [cluster](cluster.md) come and go faster than the task takes. See the log of `windvane cluster join`.",
                {"losses": 3},
            ),
            Reason(
                _C.NO_RESULT,
                "Mostly a full disk. Otherwise a fault of Windvane: report it with the log.",
                {"text": _data("...")},
            ),
            Reason(
                _C.CANNOT_BEGIN,
                "The reason names what the machine lacks. `windvane doctor` shows the whole list.",
                because=said("..."),
            ),
        ),
    ),
    Reasons(
        "What a finished job lacks",
        "`PartialFailureReasons`; the job ends as `Completed` and its model can be used. Reports can be made later: "
        "`windvane report`, or the page of the candidate.",
        (
            Reason(
                _C.CANDIDATE_FAILED,
                "The other candidates count. See [why candidates fail](#why-a-candidate-fails).",
                {"index": 7, "candidate": "churn-1-c7", "algorithm": "catboost"},
                _MEMORY,
            ),
            Reason(_C.ENSEMBLE_FAILED, "The best single candidate is the result.", because=_MEMORY),
            Reason(
                _C.BASELINE_FAILED,
                "Of interest only if no candidate finished either.",
                because=_TIME,
            ),
            Reason(
                _C.BASELINE_ONLY,
                "Do not use this model. Give the job more time or memory, as the reasons of the candidates say.",
            ),
            Reason(_C.FLOOR_ONLY, "As above; the forecast is valid, and as simple as can be."),
            Reason(
                _C.EXPLAINABILITY_MISSING,
                "Generate it on the page of the job or of the candidate, or by `StartCandidateReports`: that takes about a "
                "minute, and no time of the job.",
                because=_TIME,
            ),
            Reason(_C.INSIGHTS_MISSING, "As above.", because=_TIME),
            Reason(_C.EXPLORATION_MISSING, "Make the report later, with more time.", because=_TIME),
            Reason(_C.DEFINITIONS_MISSING, "Create the job again, with more time.", because=_TIME),
            Reason(_C.NOTEBOOKS_MISSING, "As above.", because=_TIME),
            Reason(
                _C.SPLITS_MISSING,
                "They are copies of the data for your own use; no result depends on them.",
                because=_TIME,
            ),
            Reason(_C.TRANSFORMED_MISSING, "As above.", because=_TIME),
            Reason(
                _C.NOT_PACKED,
                "The model works, and was trained on a part of the rows. With more time it is trained on all of them.",
                because=_TIME,
            ),
            Reason(
                _C.MODELS_NOT_DELETED,
                "Delete them in S3 if they take up too much space; the reason says what was refused.",
                because=said("..."),
            ),
            Reason(
                _C.NOT_DEPLOYED,
                "Deploy the best candidate by hand: **Deploy** on its page, or `CreateModel` and `CreateEndpoint`.",
                {"endpoint": "churn"},
                Note(_C.ENDPOINT_LATE, {"limit_s": 600}),
            ),
            Reason(_C.NO_TIME, "A longer time limit, or the report made later."),
            Reason(_C.NO_TIME_TO_PACK, "A longer time limit."),
            Reason(_C.ENDPOINT_DELETED, "Create it again if that was a mistake."),
            Reason(
                _C.ENDPOINT_LATE,
                "The endpoint may have come into service since; its page says why if not.",
                {"limit_s": 600},
            ),
        ),
    ),
    Reasons(
        "Why a candidate fails",
        "`FailureReason` of the candidate; the job goes on without it.",
        (
            Reason(
                _C.OUTCLASSED,
                "No fault: time was saved for better candidates.",
                {**_CLASSES, "value": 0.71, "rival_value": 0.84, "rival": 1},
            ),
            Reason(_C.SEARCH_ENDED, "No fault: time was over, or the job was stopped."),
            Reason(
                _C.CANDIDATE_LIMIT,
                "Raise `MaxRuntimePerTrainingJobInSeconds`, or leave it out.",
                {"limit_s": 60},
            ),
            Reason(
                _C.FOLDS_MISSING,
                "Give the job more time.",
                {"n_folds": 1, "least_folds": 3},
            ),
            Reason(
                _C.TOO_LARGE,
                "Raise `[work] memory_mb`, or use fewer columns. Other algorithms need less.",
                {
                    "n_rows": 2_000_000,
                    "n_columns": 400,
                    "algorithm": "catboost",
                    "needed_mb": 9000,
                    "memory_mb": 2048,
                },
            ),
            Reason(
                _C.TRAINING_OUT_OF_MEMORY,
                "As above.",
                {"algorithm": "xgboost"},
                said("..."),
            ),
            Reason(
                _C.NOT_TRAINABLE,
                "The reason is the library's own. Often a class that is missing in a fold; others of the candidates can do.",
                {"algorithm": "linear-learner"},
                said("..."),
            ),
            Reason(
                _C.NOT_CONVERGED,
                "Numbers of very different size, or extreme outliers; see the data checks of the job.",
                {"model": "network"},
            ),
            Reason(
                _C.RECIPE_FAILED,
                "The reason says what could not be made of which column. Ignore the column, or set its type.",
                {"recipe": "dpp1"},
                said("..."),
            ),
            Reason(
                _C.EXTRA_MISSING,
                "Install the extra where the server runs, and start it again.",
                {"extra": "torch"},
            ),
        ),
    ),
    Reasons(
        "Remarks on a candidate",
        "Notes on the leaderboard: how a score came about. No faults.",
        (
            Reason(
                _C.SCORED_ON_FOLDS,
                "The score is as valid, with a larger ±. More time allows for all folds.",
                {"n_folds": 3, "of_folds": 5},
            ),
            Reason(
                _C.SCORED_ON_REPEATS,
                "A small table was divided twice, for a smaller ±.",
                {"n_repeats": 2, "n_folds": 5},
            ),
            Reason(
                _C.TRAINED_ON_SAMPLE,
                "More time allows for more rows; the members of the final model are trained on all rows if time allows.",
                {"n_rows": 100_000},
            ),
            Reason(
                _C.TRAINED_ON_NODES,
                "Several nodes of a cluster trained one model, each from a share of the rows.",
                {"n_nodes": 2},
            ),
            Reason(
                _C.LEARNING_CURVE,
                "If more rows did not help, collecting more of them will not either.",
                {
                    "metric": "AUC",
                    "rows": ("6250", "25000", "100000"),
                    "scores": ("0.81", "0.84", "0.86"),
                    "is_rising": 1,
                },
            ),
            Reason(_C.CUT_SHORT, "More time may improve the score.", {"folds": ("4", "5")}),
            Reason(
                _C.NOT_REFITTED,
                "Deployed as it is, the model has learnt from the other folds only. The best candidate is trained on all rows.",
            ),
            Reason(
                _C.REFITTED_ON_ROWS,
                "More time allows for all rows.",
                {"n_rows": 400_000, "of_rows": 1_000_000},
            ),
            Reason(
                _C.REFITTED_FOR_ROUNDS,
                "More time allows for all rounds.",
                {"n_rounds": 320, "of_rounds": 500},
            ),
            Reason(
                _C.CROSS_FITTED, "The score of the ensemble is as honest as that of a candidate."
            ),
            Reason(
                _C.ROWS_SPLIT,
                "See [groups and time](data.md#groups-and-time).",
                {"kind": "time", "how": None},
            ),
            Reason(
                _C.WEIGHTS_TUNED,
                "Measure it on rows of your own before you rely on a small difference.",
            ),
            Reason(_C.WEIGHTS_GIVEN, "Nothing was fitted; the score is honest."),
            Reason(_C.LATENCY_ADDED, "Members are computed one after the other."),
            Reason(
                _C.CLASSES_REWEIGHTED,
                "Labels are chosen for this metric; probabilities stay as they are.",
                {"metric": "BalancedAccuracy"},
            ),
            Reason(
                _C.WINNERS_CURSE,
                "Expect the lower score. See [honest scores](engine.md#unbiased-scores).",
                {"n_candidates": 40, "by": 0.003},
            ),
            Reason(
                _C.STACKED,
                "See [the second layer](engine.md#the-second-layer).",
                {"metric": "AUC", "before": 0.91, "after": 0.914},
            ),
            Reason(_C.STACKED_AGAIN, "No action."),
            Reason(_C.NOT_STACKED, "No action: it would not have helped.", because=said("...")),
            Reason(
                _C.NO_ENSEMBLE,
                "No fault. Other reasons are the mode, `MaxCandidates`, or time; the sentence says which.",
                {"obstacle": "no-gain"},
            ),
            Reason(
                _C.FASTEST_CHOSEN,
                "Allow for more latency, or use fewer columns.",
                {"limit_s": 0.001, "latency_s": 0.0021},
            ),
        ),
    ),
    Reasons(
        "Endpoints and step jobs",
        "`FailureReason` of an endpoint, a transform job or a training job.",
        (
            Reason(
                _C.VARIANT_NOT_STARTED,
                "The reason follows. The log on the page of the endpoint has the lines of the model's process.",
                {"variant": "main"},
                Note(
                    _C.PROCESS_ENDED,
                    {"end": ProcessEnd.NOT_READY, "number": None, "seconds": 60, "error": None},
                ),
            ),
            Reason(
                _C.MODEL_NOT_FETCHED,
                "`ModelDataUrl` must exist and the model's role may read it. Packages of another program are refused: only models that "
                "Windvane wrote are loaded.",
                because=said("..."),
            ),
            Reason(
                _C.NO_SERVER_HAS_ROOM,
                "Delete endpoints that nobody uses, ask for fewer instances, or one of what the message names.",
                {"memory_mb": 900},
            ),
            Reason(
                _C.PROCESS_ENDED,
                "Over its memory limit: raise `[serving] memory_mb`. Not ready in time: the machine is busy; "
                "the endpoint tries again. See [endpoints](endpoints.md).",
                {"end": ProcessEnd.OVER_MEMORY, "number": None, "seconds": None, "error": None},
            ),
            Reason(
                _C.STEP_LIMIT,
                "Raise `MaxRuntimeInSeconds` of `StoppingCondition`.",
                {"limit_s": 60},
            ),
        ),
    ),
)

UNLISTED = frozenset({_C.SAID, _C.RAISED})
"""Notes that only carry a text of somebody else."""

OPERATIONS: Mapping[type[Exception], str] = {
    errors.CallerFault: "Correct what the message names: a parameter, a combination of parameters, or the order of steps.",
    errors.NotFound: "Check name, account and region: resources belong to one of each. A deleted resource does not return.",
    errors.NameTaken: "Choose another name.",
    errors.LimitExceeded: "Delete or wait for others of the kind, or raise the quota of `[limits]` "
    "([configuration](configuration.md)).",
    errors.AccessDenied: "The message names action and resource. A policy has to allow it: [who may do what](identity.md). If it "
    "speaks of an external S3 store, the key of `[s3]` lacks the right.",
    errors.MissingToken: 'The client has no keys. `eval "$(windvane env --data-dir DIR)"` sets them.',
    errors.UnknownKey: "The keys are of another server, were retired, or are those of AWS. `windvane env` shows the right ones.",
    errors.Unauthenticated: "The secret does not belong to the key, or a proxy changed `Host`, path or body.",
    errors.IncompleteSignature: "A header of the signature is missing: a proxy removed it, or the request was written by hand.",
    errors.IncompleteLink: "Use the link as a whole, with everything behind the `?`.",
    errors.Expired: "Call `AssumeRole` again for new temporary credentials; SDKs do by themselves.",
    errors.ClockSkew: "Set the clock of the client (NTP): it may differ by 15 minutes at most.",
    errors.LinkExpired: "Make a new link.",
    errors.UnknownOperation: "[What is served](operations.md) has the list. An old name may be a newer client's: see "
    "[clients](clients.md).",
    errors.UnservedService: "`AWS_ENDPOINT_URL` sends requests for every service to Windvane. Set the endpoint of this "
    "service alone (`AWS_ENDPOINT_URL_SAGEMAKER`), if the other services are AWS's.",
    errors.Malformed: "The body is not of the form that the operation's protocol has. Use a client of AWS.",
    errors.TooLarge: "Split the request: parts for an upload, a [batch transform](batch-transform.md) for many rows.",
    errors.TooSlow: "The body did not arrive in time: check the network, and send smaller parts.",
    errors.Throttled: "Wait and try again; SDKs do by themselves. Limits of rates are in `[limits]`.",
    errors.StoreUnusable: "The message says whether the database is busy, full, damaged or of a newer version. Try again, free "
    "disk space, or see the server's log.",
    errors.EndpointMissing: "Check name, account and region, and that the endpoint was not deleted.",
    errors.ModelNotReady: "Wait until the endpoint is `InService`, and try again.",
    errors.ModelFault: "`OriginalMessage` says what is wrong with the rows: columns, number of fields, content type. For 5xx see the "
    "endpoint's log.",
    errors.InvalidLookup: "`LookupAttributes` takes one of the documented keys, one at a time ([audit](audit.md)).",
    errors.InvalidTimeRange: "`StartTime` must be before `EndTime`.",
    errors.InvalidPageToken: "Repeat the request with the parameters that the token came from, or begin at the first page.",
    errors.ScalingResourceMissing: "Register the scalable target first.",
    errors.AlarmTagsMissing: "Create the alarm first; check account and region.",
    errors.MalformedReason: "`StateReasonData` must be a JSON object.",
    errors.TooManyTags: "Remove tags that are no longer needed.",
    errors.KeyMissing: "Check key ID or alias, account and region. A deleted key does not return.",
    errors.KeyDisabled: "`EnableKey`; until then nothing encrypted under it can be read.",
    errors.KeyInvalidState: "`CancelKeyDeletion` and `EnableKey`, as long as the waiting period lasts.",
    errors.BadCiphertext: "Use the encryption context with which it was encrypted; otherwise the data were changed.",
    errors.IncorrectKey: "Leave out `KeyId`, or name the key that it was encrypted under.",
    errors.MalformedPolicy: "The message names the statement. [Who may do what](identity.md) has the elements that are served.",
    errors.PackedPolicyTooLarge: "Shorten the session policies or tags, or attach the policies to the role.",
    errors.InUse: "Detach or delete first what the message names: policies, keys, members.",
    errors.Unmodifiable: "Change it in the configuration file; what belongs to the service cannot be changed.",
}
"""By the rows of windvane/wire/faults.py."""

S3: tuple[tuple[str, str], ...] = (
    (
        "Name of bucket or object, account or region is not right, or it was deleted. A bucket of another account is not shown",
        "NoSuchBucket NoSuchKey NoSuchVersion NoSuchUpload",
    ),
    (
        "Never configured for this bucket; clients ask for it and go on",
        (
            "NoSuchBucketPolicy NoSuchCORSConfiguration NoSuchLifecycleConfiguration NoSuchPublicAccessBlockConfiguration NoSuchTagSet "
            "NoSuchWebsiteConfiguration ObjectLockConfigurationNotFoundError OwnershipControlsNotFoundError "
            "ReplicationConfigurationNotFoundError ServerSideEncryptionConfigurationNotFoundError"
        ),
    ),
    (
        "A policy does not allow it, or the key is not known: [who may do what](identity.md), `windvane env`",
        "AccessDenied AccessForbidden InvalidAccessKeyId AuthorizationQueryParametersError InvalidPolicyDocument",
    ),
    (
        "Choose another name: names of buckets are unique on a server",
        "BucketAlreadyExists BucketAlreadyOwnedByYou InvalidBucketName",
    ),
    ("Delete the objects, their versions and unfinished uploads first", "BucketNotEmpty"),
    (
        "What arrived is not what was sent: upload again; if it happens again, check network and proxy",
        "BadDigest XAmzContentSHA256Mismatch IncompleteBody InvalidDigest RequestTimeout InvalidChunkSizeError",
    ),
    (
        "Use parts of 5 MiB to 5 GiB, in ascending order, with the entity tags of the answers; SDKs do by themselves",
        "EntityTooLarge EntityTooSmall InvalidPart InvalidPartNumber InvalidPartOrder MaxMessageLengthExceeded MissingContentLength",
    ),
    (
        "Somebody else changed the object meanwhile, or the condition of the request did not hold: read it again and decide",
        "PreconditionFailed ConditionalRequestConflict",
    ),
    ("Wait and try again; SDKs do by themselves", "SlowDown"),
    (
        "Leave the option out: Windvane does not serve it ([S3](s3.md) has the list)",
        (
            "NotImplemented AccessControlListNotSupported MethodNotAllowed InvalidStorageClass InvalidObjectState InvalidBucketState "
            "InvalidLocationConstraint"
        ),
    ),
    (
        "Correct the request as the message says",
        (
            "InvalidArgument InvalidRequest InvalidRange InvalidTag InvalidURI InvalidEncryptionAlgorithmError "
            "IllegalVersioningConfigurationException KeyTooLongError MalformedPOSTRequest MalformedXML MetadataTooLarge"
        ),
    ),
)
"""Codes of windvane/wire/s3/refusals.py by what to do."""

STARTING: Mapping[str, tuple[str, str]] = {
    "BadSettings": (
        "The configuration file, or an option of `windvane serve`, is wrong.",
        "The message names the section and the entry, and what it may be. [Configuration](configuration.md) has every entry.",
    ),
    "FolderInUse": (
        "Another server uses the data folder.",
        (
            "Stop it (its process number is in `server.json`), or choose another `--data-dir`. Several servers share PostgreSQL instead: "
            "[servers](servers.md)."
        ),
    ),
    "FolderNotSafe": (
        "Others own the data folder, or may write to it.",
        "`chown` it to the user that runs Windvane and `chmod 700` it, after a look at what is in it.",
    ),
    "FolderNotThere": (
        "The data folder is a file, or cannot be made.",
        "Give the folder above it to the user that runs Windvane (`chown`), or choose another `--data-dir`.",
    ),
    "NotRunning": (
        "No server runs on this data folder.",
        "`windvane serve --data-dir DIR`, or the right `--data-dir`.",
    ),
    "UnusableKeys": (
        "`keys.json` cannot be read, or not be changed as asked.",
        "Restore it from a [backup](backup.md). Without one, remove it: new keys are made, and clients need them.",
    ),
    "UnusableMasterKey": (
        "The master key of encryption is missing, damaged or readable by others.",
        "Restore it from a backup: without it nothing that was encrypted can be read ([encryption](encryption.md)).",
    ),
    "StoreUnusable": (
        "The database is busy, damaged, full, of a newer version, or its address is wrong.",
        "As the message says. `windvane check --data-dir DIR` examines a folder while no server uses it.",
    ),
    "StoreUnreachable": (
        "The database is away, or does not let the server in. A command ends with status 75 then, and systemd starts the server again.",
        (
            "`windvane doctor --config FILE` opens the database as the server does and names the reason. Start the database, or correct "
            "`[store] url`: letters such as `:`, `/` and `@` of a password are written `%3A`, `%2F` and `%40`."
        ),
    ),
    "NewerRecord": (
        "A newer version of Windvane has written to the database.",
        "Start that version or a later one: [versions side by side](servers.md#versions-side-by-side).",
    ),
    "BucketOfAccount": (
        "The server's own bucket for exchange belongs to an account.",
        "Name another one in `[exchange] bucket`.",
    ),
    "WorkersDown": (
        "The workers did not start.",
        "The log says why; mostly memory, or a machine that is very busy.",
    ),
    "SandboxBroken": (
        "A process could not be confined.",
        "`windvane doctor` shows what this machine lacks ([sandbox](sandbox.md)).",
    ),
    "KernelLacks": (
        "The kernel does not offer what is needed, or not to this process.",
        "A newer kernel, or fewer restrictions of the container: `windvane doctor`.",
    ),
    "ClusterUnusable": (
        "The cluster cannot be reached, is open to others, or has other versions.",
        "The message says what would be right: token, TLS, versions, clocks ([cluster](cluster.md)).",
    ),
    "BackupFault": (
        "A backup cannot be made, or what is to be restored is damaged.",
        "Take another backup; restore into a new or empty folder ([backup](backup.md)).",
    ),
    "BrokenChain": (
        "The audit log is not what was written.",
        "Treat it as an incident: [audit](audit.md) says what the position means.",
    ),
    "DamagedObject": (
        "A file of the object store is missing or was changed.",
        "`windvane check` lists all such objects; restore them from a backup, or upload them again.",
    ),
    "NotImported": (
        "The folder is of an earlier version whose objects are to be imported.",
        "`windvane import-objects --data-dir DIR`, once.",
    ),
    "ImportFault": (
        "The import of an earlier version's objects ended; nothing was changed.",
        "Mend the object that is named, and import again.",
    ),
    "OldStoreFault": (
        "The earlier version's object store cannot be read.",
        "`pip install 'windvane[import]'`, or what the message says.",
    ),
    "Unfit": (
        "`windvane check` cannot examine this folder.",
        "Stop the server, or name the right folder.",
    ),
    "BadQuestion": (
        "`windvane audit` is asked for what it cannot show.",
        "The message names the option.",
    ),
    "CorruptArtifact": (
        "A saved model is damaged, or was not written by Windvane.",
        "Fetch it again from S3, or restore it. Models are checked against their SHA-256 before anything is read.",
    ),
}
"""Errors that end a command or keep a server from starting, by class: what they mean, what to do."""

INSIDE = frozenset(
    {
        "Signal",
        "RejectColumn",
        "WrongTransition",
        "WindvaneError",
        "InvocationFault",
        "VolumeLost",
        "MemberLost",
        "S3Refusal",
    }
)
"""Classes that no user meets by themselves: control flow, faults of ours, and those of which each kind has a row."""
