"""Lines name the line whose units they replace: never more than were shipped of that."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION orders_replaced_within_shipped() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  gone integer;
  given integer;
BEGIN
  -- Two who replace the same line wait for each other here.
  SELECT shipped INTO gone FROM orders_orderline
  WHERE id = NEW.replaces_id FOR NO KEY UPDATE;
  SELECT coalesce(sum(ordered - cancelled), 0) INTO given FROM orders_orderline
  WHERE replaces_id = NEW.replaces_id;
  IF given > gone THEN
    RAISE EXCEPTION 'more units are replaced than were shipped: % of %', given, gone
      USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_replaced_within_shipped';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER orders_replaced_within_shipped
  AFTER INSERT OR UPDATE OF ordered, cancelled, replaces_id ON orders_orderline
  FOR EACH ROW WHEN (NEW.replaces_id IS NOT NULL)
  EXECUTE FUNCTION orders_replaced_within_shipped();
"""
BACKWARD = """
DROP TRIGGER orders_replaced_within_shipped ON orders_orderline;
DROP FUNCTION orders_replaced_within_shipped();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_holds_and_notes")]
    operations = [
        migrations.AddField(
            model_name="orderline",
            name="replaces",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replacements",
                to="orders.orderline",
            ),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                condition=models.Q(("replaces__isnull", False)),
                fields=["replaces"],
                name="orders_replaced_lines",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
        # No machine drives an amendment: it is open, then closed one way or the other.
        migrations.RemoveConstraint("amendment", "orders_one_open_amendment"),
        migrations.RenameField("amendment", "status", "state"),
        migrations.AlterField(
            "amendment",
            "state",
            models.CharField(
                choices=[
                    ("open", "Open"),
                    ("confirmed", "Confirmed"),
                    ("discarded", "Discarded"),
                ],
                default="open",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AddConstraint(
            "amendment",
            models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("order",),
                name="orders_one_open_amendment",
            ),
        ),
    ]
