"""The number of BLAS threads is what it was, whoever came and went."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from hyperlex.word import threads
from hyperlex.word.threads import one_thread

functions = threads._functions()
pytestmark = pytest.mark.skipif(functions is None, reason="numpy is linked with another BLAS")


@pytest.fixture(autouse=True)
def two_threads() -> object:
    assert functions is not None
    get, put = functions
    before = get()
    put(2)
    yield get
    put(before)


def test_inside_there_is_one_thread_and_then_as_many_as_before(two_threads: object) -> None:
    assert functions is not None
    get = functions[0]
    if get() != 2:
        pytest.skip("this BLAS was built for one thread")
    with one_thread():
        assert get() == 1
        with one_thread():
            assert get() == 1
        assert get() == 1
    assert get() == 2


def test_an_error_inside_restores_the_number() -> None:
    assert functions is not None
    before = functions[0]()
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert functions[0]() == before


def test_the_last_to_leave_restores_the_number() -> None:
    assert functions is not None
    before = functions[0]()
    barrier = Barrier(4)

    def enter(_: int) -> int:
        with one_thread():
            barrier.wait()
            return functions[0]()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(enter, range(4))) == {1}
    assert functions[0]() == before
