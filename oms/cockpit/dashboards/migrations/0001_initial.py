from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="OrderCard",
            fields=[
                ("order_ref", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("organization_id", models.BigIntegerField()),
                ("number", models.CharField(blank=True, max_length=40)),
                ("stage", models.CharField(max_length=20)),
                ("stage_since", models.DateTimeField()),
                ("held_since", models.DateTimeField(null=True)),
                ("node_code", models.CharField(blank=True, max_length=40)),
                ("place", models.CharField(blank=True, max_length=120)),
                ("latitude", models.SmallIntegerField(null=True)),
                ("longitude", models.SmallIntegerField(null=True)),
                ("latest_ship_at", models.DateTimeField(null=True)),
                ("promised_on", models.DateField(null=True)),
                ("placed_at", models.DateTimeField()),
                ("delivered_at", models.DateTimeField(null=True)),
                ("on_time", models.BooleanField(null=True)),
                ("needed_person", models.BooleanField(default=False)),
                ("ship_cost", models.DecimalField(decimal_places=4, default=0, max_digits=18)),
                ("facts", models.JSONField(default=dict)),
                ("last_event_id", models.BigIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("stage__in", ["done", "cancelled"]), _negated=True),
                        fields=["stage", "stage_since"],
                        name="dashboards_flow",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("stage__in", ["label", "hand_over", "in_transit", "done"])
                        ),
                        fields=["-stage_since"],
                        name="dashboards_latest",
                    ),
                    models.Index(
                        fields=["delivered_at"],
                        include=("on_time", "ship_cost", "needed_person", "node_code"),
                        name="dashboards_delivered",
                    ),
                    models.Index(
                        fields=["placed_at"], include=("node_code",), name="dashboards_placed"
                    ),
                ],
            },
        ),
    ]
