"""What services.json says is understood by Django, Celery, Channels and the cache alike."""

from pathlib import Path

import pytest

from oms.runtime.layout import Layout
from oms.runtime.postgres import Postgres
from oms.settings.env import database_config


@pytest.mark.parametrize("home", ["/srv/oms", "/srv/Two words/Öms"])
def test_database_url_names_the_socket_folder(home, monkeypatch):
    server = Postgres(Layout(Path(home)))
    monkeypatch.setattr(type(server), "home", Path(home))

    config = database_config(server.url)

    assert config["HOST"] == f"{home}/run/postgres"
    assert (config["NAME"], config["USER"]) == ("oms", "postgres")


def test_database_url_of_a_server_keeps_its_parts():
    config = database_config("postgresql://oms:p%40ss@db.example:6432/shop")

    assert config["HOST"] == "db.example"
    assert (config["PORT"], config["PASSWORD"], config["NAME"]) == (6432, "p@ss", "shop")


def test_the_broker_answers_under_the_spelling_that_celery_uses(settings):
    from kombu import Connection

    assert "unix://" not in settings.CELERY_BROKER_URL

    with Connection(settings.CELERY_BROKER_URL) as connection:
        queue = connection.SimpleQueue("runtime-test")
        queue.put({"answer": 42})
        message = queue.get(timeout=5)
        message.ack()
        queue.clear()
        queue.close()

    assert message.payload == {"answer": 42}


async def _round_trip(layer):
    name = await layer.new_channel()
    await layer.send(name, {"type": "hello", "answer": 42})
    return await layer.receive(name)


def test_channels_reach_the_broker():
    from asgiref.sync import async_to_sync
    from channels.layers import channel_layers

    layer = channel_layers["default"]

    assert async_to_sync(_round_trip)(layer) == {"type": "hello", "answer": 42}


def test_the_cache_reaches_the_broker():
    from django.core.cache import cache

    cache.set("runtime-test", "kept", timeout=5)

    assert cache.get("runtime-test") == "kept"
