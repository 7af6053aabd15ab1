"""control/servers/echo: the silence of an event loop that stands still."""

import asyncio
import threading

from windvane.control.servers.echo import Echo


def test_silence_lasts_from_the_question_to_the_answer():
    asked, now = [], [100.0]
    echo = Echo(asked.append, lambda: now[0])
    assert echo.silent_s() == 0
    now[0] += 5
    assert echo.silent_s() == 5
    now[0] += 1
    assert echo.silent_s() == 6
    assert len(asked) == 1, "it is not asked again before it has answered"
    asked[0]()
    assert echo.silent_s() == 0
    assert len(asked) == 2


def test_an_event_loop_is_silent_while_it_stands_still():
    loop, goes_on, stands = asyncio.new_event_loop(), threading.Event(), threading.Event()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def stand_still():
        stands.set()
        goes_on.wait()

    now = [0.0]
    echo = Echo(loop.call_soon_threadsafe, lambda: now[0])
    loop.call_soon_threadsafe(stand_still)
    stands.wait()
    assert echo.silent_s() == 0
    now[0] = 7
    assert echo.silent_s() == 7
    goes_on.set()
    answered = threading.Event()
    loop.call_soon_threadsafe(answered.set)
    answered.wait()
    assert echo.silent_s() == 0
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
