import sys
from pathlib import Path

import pytest

pytest.register_assert_rewrite("runnel", "broker", "machine")
sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).parents[1] / "kafka"))  # the broker and its witnesses

import machine as machines  # noqa: E402
from fixtures import broker, group, topic  # noqa: E402, F401


@pytest.fixture(scope="session")
def base():
    return machines.base(*machines.libraries())


@pytest.fixture
def machine(base, tmp_path):
    """A new machine that has booted, with Runnel installed."""
    machine = machines.Machine(tmp_path / "machine", base)
    try:
        machine.install()
        yield machine
    finally:
        machine.close()


@pytest.fixture
def service(request, machine, broker):
    """Makes a service of the machine on the broker: service("runneld@a", consumer(topic, group), stdout("raw"))."""
    made = request.node.stash[_made] = []

    def make(unit, *parts, at=broker, **options):
        made.append(machines.Service(machine, at.address, unit))
        made[-1].configure(*parts, **options)
        return made[-1]

    return make


_made = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and call.when == "call":
        for each in item.stash.get(_made, []):
            report.sections.append((each.unit, each.story()))
    return report
