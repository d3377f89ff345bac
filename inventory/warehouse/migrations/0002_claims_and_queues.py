from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("nodes", "0001_initial"),
        ("warehouse", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="workorder",
            name="claimed_by",
            field=models.CharField(blank=True, max_length=80, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="workorder",
            name="claimed_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="workorder",
            index=models.Index(fields=["correlation_id"], name="warehouse_correlation"),
        ),
        migrations.AddIndex(
            model_name="workorder",
            index=models.Index(
                condition=models.Q(("status", "handed_over")),
                fields=["node", "handed_over_at"],
                name="warehouse_done",
            ),
        ),
        migrations.AddConstraint(
            model_name="parcel",
            constraint=models.UniqueConstraint(fields=["work_order"], name="warehouse_one_parcel"),
        ),
    ]
