"""Devices and services: disk, database, broker, web server, workers, relay, clock."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from django.conf import settings
from django.db import OperationalError, connection
from django.utils.translation import gettext as _

from oms.core import clock
from oms.runtime import probe
from oms.runtime.doctor.findings import Finding, bad, ok, warn
from oms.runtime.layout import current

GIGABYTE = 1024**3
OLDEST_POSTGRES = 140000
QUEUES = ("carriers", "default", "training")
#: The relay writes its heartbeat every two seconds.
RELAY_SECONDS = 15.0
OUTBOX_SECONDS = 60.0
CLOCK_SECONDS = 2.0


def _start_again() -> str:
    return _("Run `make demo` or `manage.py up`; see %(logs)s") % {"logs": current().logs}


def disk_space() -> Iterator[Finding]:
    """This function will report the space left where the data are."""
    home = current().home
    free = shutil.disk_usage(home if home.exists() else home.parent).free / GIGABYTE
    what = _("%(free).1f GB free in %(home)s") % {"free": free, "home": home}
    if free >= 5:
        yield ok(what)
    elif free >= 1:
        yield warn(what, _("Free some space, or set OMS_HOME to a larger disk"))
    else:
        yield bad(what, _("Free some space now: PostgreSQL stops when none is left"))


def database() -> Iterator[Finding]:
    """This function will report whether PostgreSQL answers, its version and its migrations."""
    try:
        connection.ensure_connection()
    except OperationalError:
        where = "DATABASE_URL" if os.environ.get("DATABASE_URL") else current().home
        yield bad(_("PostgreSQL does not answer (%(where)s)") % {"where": where}, _start_again())
        return
    version: int = connection.connection.info.server_version
    what = _("PostgreSQL answers, version %(version)d") % {"version": version // 10000}
    if version >= OLDEST_POSTGRES:
        yield ok(what)
    else:
        yield bad(what, _("Use PostgreSQL 14 or later"))
    yield from _migrations()


def _migrations() -> Iterator[Finding]:
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if pending:
        what = _("Migrations not applied: %(count)d") % {"count": pending}
        yield bad(what, _("Run `manage.py migrate`"))
    else:
        yield ok(_("All migrations are applied"))


def broker() -> Iterator[Finding]:
    """This function will report whether Valkey or Redis answers."""
    import redis

    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)
    try:
        client.ping()
        yield ok(_("The broker answers"))
    except (redis.RedisError, OSError):
        yield bad(_("The broker does not answer"), _start_again())
    finally:
        client.close()


def web_server() -> Iterator[Finding]:
    """This function will report what /readyz says."""
    url = probe.web_url()
    status = probe.status(url, "/readyz")
    if status == 200:
        yield ok(_("The web server is ready at %(url)s") % {"url": url})
    elif status:
        what = _("The web server at %(url)s says it is not ready (%(status)d)")
        mend = _("Look at %(url)s/readyz: it names the part that is not")
        yield bad(what % {"url": url, "status": status}, mend % {"url": url})
    else:
        yield bad(_("The web server does not answer at %(url)s") % {"url": url}, _start_again())


def workers() -> Iterator[Finding]:
    """This function will report which queues have a worker that answers."""
    from oms.celery import app

    answers = app.control.inspect(timeout=2.0).active_queues() or {}
    served = {queue["name"] for queues in answers.values() for queue in queues}
    for queue in QUEUES:
        if queue in served:
            yield ok(_("A worker serves the queue %(queue)s") % {"queue": queue})
        else:
            yield bad(
                _("No worker answers for the queue %(queue)s") % {"queue": queue}, _start_again()
            )


def relay() -> Iterator[Finding]:
    """This function will report the relay's heartbeat, what waits, and dead letters."""
    from oms.infra.outbox import selectors

    health = selectors.get_health()
    if health.relay_age_s is None or health.relay_age_s > RELAY_SECONDS:
        yield bad(_("The outbox relay gives no sign of life"), _start_again())
    else:
        yield ok(_("The outbox relay works"))
    oldest = health.oldest_s or 0.0
    what = _("Events waiting: %(count)d, the oldest for %(seconds).0f s")
    waiting = what % {"count": health.pending, "seconds": oldest}
    if oldest > OUTBOX_SECONDS:
        yield warn(waiting, _("If it grows, look at relay.log and the slowest consumer in it"))
    else:
        yield ok(waiting)
    if health.dead_letters:
        what = _("Dead letters: %(count)d") % {"count": health.dead_letters}
        yield warn(what, _("Mend the cause, then run `manage.py retry_dead_letters --all`"))


def clock_agreement() -> Iterator[Finding]:
    """This function will report how far this clock is from the database's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        theirs = float(cursor.fetchone()[0])
    difference = abs(clock.real_now().timestamp() - theirs)
    what = _("This clock and the database's differ by %(seconds).1f s") % {"seconds": difference}
    if difference > CLOCK_SECONDS:
        yield warn(what, _("Turn on time synchronization on both machines"))
    else:
        yield ok(what)
