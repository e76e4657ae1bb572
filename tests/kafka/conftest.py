import json
import signal
import sys
import time
from types import SimpleNamespace

import pytest

pytest.register_assert_rewrite("runnel", "broker")
sys.dont_write_bytecode = True

from broker import Broker, Steady  # noqa: E402
from fixtures import broker, group, numbers, topic  # noqa: E402, F401
from runnel import RUNNELD, Runnel, consumer, eventually, producer, stdout  # noqa: E402
from terminal import terminal  # noqa: E402, F401


@pytest.fixture(scope="session")
def fragile(tmp_path_factory):
    """A broker that may be stopped and killed, and that makes no topic by itself."""
    broker = Broker(tmp_path_factory.mktemp("fragile"), auto_create_topics_enable="false")
    yield broker
    broker.close()


@pytest.fixture
def killed(fragile):
    """Called, it kills the broker; at the end of the test the broker runs."""
    yield fragile.kill
    if not fragile.alive():
        fragile.start_again()
    eventually(lambda: fragile.admin.describe_cluster(), within=30)


@pytest.fixture
def hung(fragile):
    """Called, it stops the broker; at the end of the test the broker goes on."""
    yield lambda: fragile.signal(signal.SIGSTOP)
    fragile.signal(signal.SIGCONT)
    eventually(lambda: fragile.admin.describe_cluster(), within=30)


@pytest.fixture
def name_of_a_topic():
    """A name that no topic has yet."""
    return f"topic-{next(numbers)}"


@pytest.fixture
def runnel(request, broker, tmp_path):
    """Makes and starts a Runnel on the broker: runnel("one", consumer(topic, group), stdout("raw"))."""
    yield from _runnels(request.node, tmp_path, broker)


@pytest.fixture(scope="module")
def shared_runnel(request, fragile, tmp_path_factory):
    """The same on the fragile broker, for all tests of a file."""
    yield from _runnels(request.node, tmp_path_factory.mktemp("shared"), fragile)


@pytest.fixture(scope="session")
def hundred_seconds(request, broker, tmp_path_factory):
    """What one record a second for a hundred seconds leaves behind: Runnel produces into one topic, kafka-python into
    another, and a third process, Runnel again, prints both. Runs beside all other tests (see `in_the_background`)."""
    def value(number):
        return json.dumps({"num": number, "ts": time.strftime("%Y-%m-%d %H:%M:%S")})

    makers = _runnels(request.node, tmp_path_factory.mktemp("hundred-seconds"), broker)
    runnel = next(makers)
    by_runnel, by_python = "heartbeats-of-runnel", "heartbeats-of-python"
    broker.create(by_runnel)
    broker.create(by_python)
    printer_of_runnel = runnel("printer-of-runnel", consumer(by_runnel, "print-runnel"), stdout("raw"))
    printer_of_python = runnel("printer-of-python", consumer(by_python, "print-python"), stdout("raw"))
    text = '{"num": {seq}, "ts": "{time:%Y-%m-%d %H:%M:%S}"}'
    maker = runnel(
        "producer", producer(by_runnel, interval="1s", count=100, value=text), environment={"TZ": "Asia/Kathmandu"})
    Runnel.running.difference_update([maker, printer_of_runnel, printer_of_python])  # their own tests judge them
    python = Steady(broker, by_python, count=100, interval=1, value=value)
    yield SimpleNamespace(
        by_runnel=by_runnel, by_python=by_python, producer=maker, python=python,
        printer_of_runnel=printer_of_runnel, printer_of_python=printer_of_python)
    for _ in makers:
        pass


@pytest.fixture(scope="session", autouse=True)
def in_the_background(request):
    """Starts the hundred seconds at the very beginning, if any test of this session asks for them."""
    if RUNNELD.exists() and any("hundred_seconds" in item.fixturenames for item in request.session.items):
        request.getfixturevalue("hundred_seconds")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: "hundred_seconds" in item.fixturenames)  # their tests come last


def _runnels(node, directory, broker):
    if not RUNNELD.exists():
        pytest.fail(f"there is no daemon at {RUNNELD}: build it, or say in $RUNNELD where it is", pytrace=False)
    made = node.stash[_made] = []

    def make(name, *parts, start=True, **options):
        made.append(Runnel(name, directory / name, broker.address, *parts, **options))
        return made[-1].start() if start else made[-1]

    yield make
    for each in made:
        if each.process and each.alive():
            each.kill()
        Runnel.running.discard(each)


_made = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.failed:
        background = item.session.stash.get(_made, []) if "hundred_seconds" in item.fixturenames else []
        shared = item.parent.stash.get(_made, [])
        for each in item.stash.get(_made, []) + shared + background:
            report.sections.append((f"runneld {each.name}", each.story()))
    return report
