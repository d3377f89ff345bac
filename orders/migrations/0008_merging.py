"""Orders that were split off, and works that go in one parcel: only what belongs together."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION orders_guard_merge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM orders_fulfillmentorder lead
    JOIN orders_order its ON its.id = lead.order_id
    JOIN orders_order mine ON mine.id = NEW.order_id
    WHERE lead.id = NEW.merged_into_id AND lead.merged_into_id IS NULL
      AND lead.node_id = NEW.node_id AND lead.service_code = NEW.service_code
      AND its.organization_id = mine.organization_id AND its.tier = mine.tier
  ) OR EXISTS (
    SELECT FROM orders_fulfillmentorder other WHERE other.merged_into_id = NEW.id
  ) THEN
    RAISE EXCEPTION 'work goes in one parcel only with a leading work of its seller, node, service '
      'and tier' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER orders_guard_merge AFTER INSERT OR UPDATE OF merged_into_id
  ON orders_fulfillmentorder FOR EACH ROW WHEN (NEW.merged_into_id IS NOT NULL)
  EXECUTE FUNCTION orders_guard_merge();
"""
BACKWARD = """
DROP TRIGGER orders_guard_merge ON orders_fulfillmentorder;
DROP FUNCTION orders_guard_merge();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_imports")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="split_from",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="split_off",
                to="orders.order",
            ),
        ),
        migrations.AlterField(
            model_name="timelineentry", name="event_id", field=models.UUIDField()
        ),
        migrations.AddIndex(
            model_name="fulfillmentorder",
            index=models.Index(
                fields=["-created_at"],
                condition=models.Q(status="open", merged_into=None),
                name="orders_work_mergeable",
            ),
        ),
        migrations.AddConstraint(
            model_name="fulfillmentorder",
            constraint=models.CheckConstraint(
                condition=~models.Q(merged_into=models.F("id")),
                name="orders_work_follows_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="timelineentry",
            constraint=models.UniqueConstraint(
                fields=["event_id", "order"], name="orders_told_once"
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
