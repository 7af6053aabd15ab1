"""What members of a gang exchange, as frames."""

import pytest

from windvane.executor.parts import pack_parts, parts_of
from windvane.process.frames import BadFrame, FrameBuffer, pack


@pytest.mark.parametrize(
    "sizes", [None, [1], [1, 1, 1], [1, 2], [-1, 3], [True, 1], ["1", 1], [1.0, 1]]
)
def test_frames_whose_parts_are_not_as_they_say_are_refused(sizes):
    frames = FrameBuffer()
    frames.feed(pack({"sizes": sizes}, b"ab"))
    with pytest.raises(BadFrame):
        parts_of(frames.next_frame(), 2)


def test_parts_come_back_as_they_were_packed():
    frames = FrameBuffer()
    frames.feed(pack_parts({"do": "all_to_all"}, [b"a", b"", b"bcd"]))
    assert parts_of(frames.next_frame(), 3) == [b"a", b"", b"bcd"]
