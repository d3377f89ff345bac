from django.db import migrations

from oms.core.migrating import drop_like_index


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0001_initial"),
    ]

    operations = [
        drop_like_index("routing_decision"),
    ]
