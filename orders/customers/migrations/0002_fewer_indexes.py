import django.db.models.deletion
from django.db import migrations, models

from oms.core.migrating import drop_like_index


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_tables"),
        ("customers", "0001_tables"),
    ]

    operations = [
        migrations.AlterField(
            model_name="customer",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organization",
            ),
        ),
        drop_like_index("customers_customer"),
    ]
