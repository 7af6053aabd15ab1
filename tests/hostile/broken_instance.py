"""A model process whose model runs what a request says and answers what it found; to other requests it answers as ever."""

import json

from breakout import all_results

from windvane.serving.instance import main
from windvane.serving.model import ServedModel

_answer = ServedModel.answer


def answer(model, body, content_type, accept):
    if not body.startswith(b"{"):
        return _answer(model, body, content_type, accept)
    return json.dumps(all_results(json.loads(body))).encode(), "application/json"


if __name__ == "__main__":
    ServedModel.answer = answer
    raise SystemExit(main())
