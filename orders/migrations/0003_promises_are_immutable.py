"""What was promised is never rewritten, whoever asks; it goes only with its order."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION orders_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'promises are immutable: make a new one'
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER orders_promise_immutable BEFORE UPDATE ON orders_promise
  FOR EACH ROW EXECUTE FUNCTION orders_refuse_change();
"""
BACKWARD = """
DROP TRIGGER orders_promise_immutable ON orders_promise;
DROP FUNCTION orders_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_depth")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
