from hypothesis import given
from hypothesis import strategies as st

from windvane.process.frames import FrameBuffer, pack

frames = st.lists(st.tuples(st.dictionaries(st.text(), st.integers()), st.binary()), max_size=4)


@given(frames, st.integers(1, 50))
def test_frames_come_back_whatever_the_pieces(sent, piece):
    stream = b"".join(pack(header, body) for header, body in sent)
    buffer, received = FrameBuffer(), []
    for start in range(0, len(stream), piece):
        buffer.feed(stream[start : start + piece])
        while (frame := buffer.next_frame()) is not None:
            received.append(frame)
    assert received == sent
