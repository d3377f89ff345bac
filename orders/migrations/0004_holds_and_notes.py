"""Levels of approvals, whose key opens notes and files, and where the story comes from. The story
is never rewritten, and goes only with its order."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION orders_timeline_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the timeline is append-only: write another entry'
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER orders_timeline_immutable BEFORE UPDATE ON orders_timelineentry
  FOR EACH ROW EXECUTE FUNCTION orders_timeline_refuse();

CREATE FUNCTION orders_timeline_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM orders_order WHERE id = OLD.order_id) THEN
    RAISE EXCEPTION 'the timeline is append-only: it goes only with its order'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
-- Looked at on commit: whoever deletes an order takes its entries first.
CREATE CONSTRAINT TRIGGER orders_timeline_kept AFTER DELETE ON orders_timelineentry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_timeline_keep();
"""
BACKWARD = """
DROP TRIGGER orders_timeline_kept ON orders_timelineentry;
DROP FUNCTION orders_timeline_keep();
DROP TRIGGER orders_timeline_immutable ON orders_timelineentry;
DROP FUNCTION orders_timeline_refuse();
"""
SOURCES = [
    ("api", "API"),
    ("admin", "Staff"),
    ("import", "Import"),
    ("floor", "Floor"),
    ("carrier", "Carrier"),
    ("system", "Automatic"),
]


def _contact() -> models.ForeignKey:
    return models.ForeignKey(
        default=0,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="contacts.contact",
    )


def _rename_state() -> list[object]:
    """It is decided by one guarded statement, not by a machine."""
    choices = [
        ("pending", "Pending"),
        ("approved", "Approved"),
        ("rejected", "Rejected"),
        ("expired", "Expired"),
        ("withdrawn", "Withdrawn"),
    ]
    field = models.CharField(
        choices=choices, default="pending", max_length=10, verbose_name="state"
    )
    pending = models.Q(state="pending")
    once = models.UniqueConstraint(
        fields=["order"], condition=pending, name="orders_one_open_approval"
    )
    due = models.Index(fields=["expires_at"], condition=pending, name="orders_approvals_open")
    return [
        migrations.RemoveConstraint("approval", "orders_one_open_approval"),
        migrations.RemoveIndex("approval", "orders_approvals_open"),
        migrations.RenameField("approval", "status", "state"),
        migrations.AlterField("approval", "state", field),
        migrations.AddConstraint("approval", once),
        migrations.AddIndex("approval", due),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0001_initial"),
        ("orders", "0003_promises_are_immutable"),
    ]
    operations = [
        migrations.AddField(
            "approval",
            "level",
            models.PositiveSmallIntegerField(default=1, verbose_name="level"),
        ),
        # Both tables are empty: nothing wrote to them before.
        migrations.AddField("ordernote", "contact", _contact(), preserve_default=False),
        migrations.AddField("attachment", "contact", _contact(), preserve_default=False),
        migrations.AddField(
            "timelineentry",
            "cause",
            models.CharField(blank=True, default="", max_length=60, verbose_name="cause"),
            preserve_default=False,
        ),
        migrations.AddField(
            "timelineentry",
            "source",
            models.CharField(
                choices=SOURCES, default="system", max_length=8, verbose_name="by way of"
            ),
            preserve_default=False,
        ),
        *_rename_state(),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
