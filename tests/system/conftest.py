import sys
from pathlib import Path

import pytest

pytest.register_assert_rewrite("runnel", "broker", "machine")
sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).parents[1] / "kafka"))  # the broker and its witnesses

import machine as machines  # noqa: E402
from broker import free_ports  # noqa: E402
from fixtures import broker, group, topic  # noqa: E402, F401
from runnel import consumer, file  # noqa: E402


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


@pytest.fixture(scope="session")
def early(request, base, broker, tmp_path_factory):
    """A service whose broker is not there, and the port that it looks for it at. It has a machine of its own, beside all
    other tests (see `in_the_background`)."""
    machine = machines.Machine(tmp_path_factory.mktemp("early") / "machine", base)
    try:
        machine.install()
        port = free_ports()
        service = machines.Service(machine, f"127.0.0.1:{port}")
        service.configure(consumer("t", "early", sinks=["files"]), file(f"{machines.LOGS}/{{topic}}-{{partition}}.jsonl"))
        service.start(within=10)
        request.session.stash[_early] = service
        yield service, port
    finally:
        machine.close()


@pytest.fixture(scope="session", autouse=True)
def in_the_background(request):
    """Begins at the very beginning what lasts, if any test of this session asks for it."""
    if any("early" in item.fixturenames for item in request.session.items):
        request.getfixturevalue("early")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: "early" in item.fixturenames)  # its test comes last


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
_early = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and call.when == "call":
        early = [item.session.stash[_early]] if "early" in item.fixturenames else []
        for each in item.stash.get(_made, []) + early:
            report.sections.append((each.unit, each.story()))
    return report
