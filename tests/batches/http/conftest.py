"""A service on loopback that behaves as it is told, and calls to it as a batch makes them."""

import asyncio

import pytest

from accounts.hosts import read
from batches.http.sending import send
from tests.accounts.receiver import Program


@pytest.fixture
def program(settings):
    program = Program()
    settings.HTTP_HOSTS = read(f"127.0.0.1:{program.port}")
    settings.HTTP_SECRETS = {"ERP": 'tok"en-4711'}
    yield program
    program.close()


@pytest.fixture
def call(program):
    """One item sent: what is kept of the answer."""

    def call(item=None, key="B/1", service="", **args):
        args = {"url": program.url, **args}
        return asyncio.run(send(args, key=key, item=item, service=service))

    return call
