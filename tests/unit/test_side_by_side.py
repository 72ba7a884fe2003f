"""Processes that share the tests take them in order, one by one, and some files as a whole."""

from types import SimpleNamespace

from tests.support.side_by_side import TOGETHER, TestByTest

WHOLE = min(TOGETHER)
TESTS = [
    "tests/a.py::test_1",
    "tests/a.py::test_2",
    *(f"{WHOLE}::test_{n}" for n in range(4)),
    "tests/b.py::test_3",
]


class Node:
    """A process of pytest-xdist that notes which tests it is sent."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.sent: list[str] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.sent += [TESTS[index] for index in indices]

    def shutdown(self) -> None:
        self.shutting_down = True


def test_tests_go_out_one_by_one_in_order_and_what_belongs_together_to_one_process() -> None:
    config = SimpleNamespace(
        getvalue=lambda _: ["popen", "popen"], option=SimpleNamespace(loadscopereorder=False), hook=None
    )
    scheduler, nodes = TestByTest(config), (Node("one"), Node("two"))
    for node in nodes:
        scheduler.add_node(node)
        scheduler.add_node_collection(node, TESTS)
    scheduler.schedule()
    one, two = nodes
    assert one.sent == [TESTS[0], *TESTS[2:6]], "the second of a file may go elsewhere; those together do not"
    assert two.sent == [TESTS[1], TESTS[6]]
