"""What every test against Kafka is given, be it of the daemon or of the service."""

import itertools
import logging
import signal

import pytest
from broker import Broker

numbers = itertools.count(1)
logging.getLogger("kafka").setLevel(logging.CRITICAL)  # it speaks at length of brokers that a test stopped


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=1))  # so that all that runs ends too
    broker = Broker(tmp_path_factory.mktemp("kafka"))
    yield broker
    broker.close()


@pytest.fixture
def topic(broker):
    """A new topic with one partition."""
    name = f"topic-{next(numbers)}"
    broker.create(name)
    return name


@pytest.fixture
def group():
    return f"group-{next(numbers)}"
