"""Work is stopped by scope, each with the code of what stops it, instead of as a whole."""

from django.db import migrations, models

FORWARD = """
UPDATE warehouse_workorder SET blocked_scopes =
  '{"picking": "operator", "label": "operator", "shipping": "operator"}' WHERE is_blocked
"""
BACKWARD = "UPDATE warehouse_workorder SET is_blocked = (blocked_scopes <> '{}')"


class Migration(migrations.Migration):
    dependencies = [("warehouse", "0003_kit_parts")]
    operations = [
        migrations.AddField(
            model_name="workorder",
            name="blocked_scopes",
            field=models.JSONField(default=dict, verbose_name="blocked"),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RemoveField(model_name="workorder", name="is_blocked"),
    ]
