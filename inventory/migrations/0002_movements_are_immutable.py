"""The ledger refuses UPDATE and DELETE at the database, whoever asks."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION inventory_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'stock movements are immutable: write a correcting movement'
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER inventory_movement_immutable
  BEFORE UPDATE OR DELETE ON inventory_stockmovement
  FOR EACH ROW EXECUTE FUNCTION inventory_refuse_change();
"""
BACKWARD = """
DROP TRIGGER inventory_movement_immutable ON inventory_stockmovement;
DROP FUNCTION inventory_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
