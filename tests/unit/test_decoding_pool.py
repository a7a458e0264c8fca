"""Work of many recognizers on a few threads."""

from __future__ import annotations

import threading

import pytest

from minibot_fs.hearing.decoding_pool import DecodingPool


def test_without_workers_the_work_is_done_at_once_by_the_caller() -> None:
    done: list[threading.Thread] = []
    lane = DecodingPool(0).lane(lambda: done.append(threading.current_thread()))
    lane.wake()
    assert done == [threading.current_thread()]


def test_a_lane_is_served_by_one_thread_at_a_time_and_misses_nothing() -> None:
    pool = DecodingPool(4)
    todo: list[int] = []
    done: list[int] = []
    inside = threading.Semaphore(1)
    alone: list[bool] = []

    def work() -> None:
        alone.append(inside.acquire(blocking=False))
        while todo:
            done.append(todo.pop(0))
        inside.release()

    lane = pool.lane(work)
    for number in range(2000):
        todo.append(number)
        lane.wake()
    emptied = threading.Event()
    pool.lane(emptied.set).wake()
    assert emptied.wait(5)
    while todo:
        lane.wake()
    pool.close()
    assert all(alone)
    assert done == list(range(2000))


def test_lanes_take_turns() -> None:
    pool = DecodingPool(1)
    order: list[str] = []
    first_runs, go_on, finished = threading.Event(), threading.Event(), threading.Event()

    def busy() -> None:
        order.append("busy")
        first_runs.set()
        go_on.wait(5)

    busy_lane, other = pool.lane(busy), pool.lane(lambda: order.append("other"))
    busy_lane.wake()
    assert first_runs.wait(5)
    other.wake()
    busy_lane.wake()
    pool.lane(finished.set).wake()
    go_on.set()
    assert finished.wait(5)
    pool.close()
    assert order == ["busy", "other", "busy"]


def test_the_lag_grows_while_work_waits_for_a_thread() -> None:
    pool = DecodingPool(1)
    running, go_on, finished = threading.Event(), threading.Event(), threading.Event()

    def blocking() -> None:
        running.set()
        go_on.wait(5)

    pool.lane(blocking).wake()
    assert running.wait(5)
    assert pool.lag_ms < 1000
    pool.lane(finished.set).wake()
    while pool.lag_ms < 30:
        pass
    go_on.set()
    assert finished.wait(5)
    assert pool.lag_ms >= 30
    pool.close()


def test_work_that_fails_is_logged_and_the_thread_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    pool = DecodingPool(1)
    finished = threading.Event()

    def failing() -> None:
        raise RuntimeError("broken decoder")

    pool.lane(failing).wake()
    pool.lane(finished.set).wake()
    assert finished.wait(5)
    pool.close()
    assert "broken decoder" in caplog.text


def test_threads_have_a_stack_of_their_own_and_leave_the_default_alone() -> None:
    before = threading.stack_size()
    pool = DecodingPool(1)
    depths: list[int] = []
    finished = threading.Event()

    def deep(level: int = 0) -> None:
        depths.append(level)
        if level < 800:
            deep(level + 1)

    pool.lane(deep).wake()
    pool.lane(finished.set).wake()
    assert finished.wait(5)
    pool.close()
    pool.close()
    assert max(depths) == 800
    assert threading.stack_size() == before
