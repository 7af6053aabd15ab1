"""Notes as data: their facts, their JSON, and what is taken of a task."""

import json
from pathlib import Path

import pytest

from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.earlier import kept_failure, note_of
from windvane.notes.note import Note, note_from_json, note_to_json, raised, said
from windvane.notes.sentences import sentence
from windvane.notes.untrusted import LONGEST_TEXT, read_untrusted_note

RELEASED = Path(__file__).with_name("released.json")
LIMIT = Note(NoteCode.CANDIDATE_LIMIT, {"limit_s": 60})


@pytest.mark.parametrize(
    "note",
    [
        LIMIT,
        said("a text"),
        raised(KeyError("x")),
        Note(NoteCode.CUT_SHORT, {"folds": ("1", "3")}),
        Note(NoteCode.SEARCH_OVER, {"why": "Stopped", "counts": {"Failed": 2}}),
        Note(NoteCode.EXPLAINABILITY_MISSING, because=Note(NoteCode.NO_TIME)),
    ],
)
def test_a_note_comes_back_as_it_was(note):
    assert note_from_json(json.loads(json.dumps(note_to_json(note)))) == note


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        (NoteCode.CANDIDATE_LIMIT, {}),
        (NoteCode.CANDIDATE_LIMIT, {"limit_s": "60"}),
        (NoteCode.CANDIDATE_LIMIT, {"limit_s": 60, "more": 1}),
        (NoteCode.SAID, {"text": "not marked as data"}),
        (NoteCode.CUT_SHORT, {"folds": (1,)}),
        (NoteCode.SEARCH_OVER, {"why": "Stopped", "counts": {"Failed": "two"}}),
        (NoteCode.NO_TIME, {"limit_s": 60}),
    ],
)
def test_a_note_has_the_facts_of_its_code(code, facts):
    with pytest.raises(TypeError):
        Note(code, facts)


def test_a_fact_that_is_not_there_is_left_out():
    assert Note(NoteCode.PROCESS_STOPPING, {"idle_s": None}) == Note(NoteCode.PROCESS_STOPPING)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"code": "never-heard-of"},
        {"code": "candidate-limit"},
        {"code": "not-trainable", "facts": {"algorithm": "the value\nof a cell"}},
        {
            "code": "not-trainable",
            "facts": {"algorithm": "x" * 101},
            "because": {"code": "no-time"},
        },
        {"code": "cut-short", "facts": {"folds": [1]}},
        {"code": "cut-short", "facts": {"folds": ["a"] * 101}},
        {"code": "exited", "facts": {"exit_code": 10**999}},
        {"code": "exited", "facts": {"exit_code": float("nan")}},
        {"code": "exited", "facts": {"exit_code": float("-inf")}},
        {"code": "cut-short", "facts": {"folds": ["a 'value'"]}},
        {"code": "job-started", "facts": {"job": "j", "max_candidates": 1, "max_runtime_s": 1}},
        {"code": "process-ended", "facts": {"end": "never-heard-of"}},
    ],
)
def test_what_a_task_hands_over_is_looked_at(document):
    """A name may hold no more than a name does: what is not marked as data stands in logs."""
    with pytest.raises((LookupError, TypeError, ValueError)):
        read_untrusted_note(document)


def test_of_what_a_task_hands_over_no_more_is_taken_than_is_kept():
    text = read_untrusted_note(note_to_json(said("\x00\ud800" + "x" * 9999))).facts["text"]
    assert text == DataValue("??" + "x" * (LONGEST_TEXT - 2))
    note = said("at last")
    for _ in range(100):
        note = Note(NoteCode.INTERNAL_ERROR, because=note)
    assert "at last" not in sentence(read_untrusted_note(note_to_json(note)))


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (
            "The explainability report is missing: No.",
            Note(NoteCode.EXPLAINABILITY_MISSING, because=said("No.")),
        ),
        (
            "The model insights report is missing: No.",
            Note(NoteCode.INSIGHTS_MISSING, because=said("No.")),
        ),
        (
            "training was cut short in fold 0, 2 (time limit)",
            Note(NoteCode.CUT_SHORT, {"folds": ("0", "2")}),
        ),
        (
            "the model is the first fold's: there was no refit on all rows",
            Note(NoteCode.NOT_REFITTED),
        ),
        ("latency is the sum of the members' latencies", Note(NoteCode.LATENCY_ADDED)),
        ("It broke.", said("It broke.")),
    ],
)
def test_sentences_of_earlier_versions_are_the_notes_of_today(text, note):
    assert note_of(text) == note
    assert kept_failure(text) == kept_failure(note_to_json(note)) == note
    assert kept_failure("") is kept_failure(None) is None


def test_codes_and_facts_that_were_released_stay():
    """Databases and saved candidates hold them. A further fact may be added if it may be absent: then it is added to the
    file, as is a further code."""
    released = json.loads(RELEASED.read_text())
    now = {
        code.value: {name: isinstance(None, kind) for name, kind in code.facts.items()}
        for code in NoteCode
    }
    assert now == released


if __name__ == "__main__":
    RELEASED.write_text(
        json.dumps(
            {
                code.value: {n: isinstance(None, k) for n, k in code.facts.items()}
                for code in NoteCode
            },
            indent=1,
        )
        + "\n"
    )
