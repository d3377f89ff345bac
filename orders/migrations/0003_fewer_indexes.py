import django.db.models.deletion
from django.db import migrations, models

from oms.core.migrating import drop_like_index


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_tables"),
        ("channels", "0001_tables"),
        ("contacts", "0002_fewer_indexes"),
        ("customers", "0002_fewer_indexes"),
        ("nodes", "0001_tables"),
        ("orders", "0002_guards"),
    ]

    operations = [
        migrations.AlterField(
            model_name="fulfillmentline",
            name="fulfillment_order",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="lines",
                to="orders.fulfillmentorder",
            ),
        ),
        migrations.AlterField(
            model_name="fulfillmentorder",
            name="merged_into",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="orders.fulfillmentorder",
            ),
        ),
        migrations.AlterField(
            model_name="fulfillmentorder",
            name="node",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="nodes.node",
            ),
        ),
        migrations.AlterField(
            model_name="fulfillmentorder",
            name="order",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="fulfillment_orders",
                to="orders.order",
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="channel",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="channels.channel",
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organization",
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="replaces",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replacements",
                to="orders.order",
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="split_from",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="split_off",
                to="orders.order",
            ),
        ),
        migrations.AlterField(
            model_name="orderline",
            name="order",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="lines",
                to="orders.order",
            ),
        ),
        migrations.AlterField(
            model_name="promise",
            name="order",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="promises",
                to="orders.order",
            ),
        ),
        migrations.AddIndex(
            model_name="fulfillmentorder",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)),
                fields=["merged_into"],
                name="orders_work_following",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("replaces__isnull", False)),
                fields=["replaces"],
                name="orders_replacing",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("split_from__isnull", False)),
                fields=["split_from"],
                name="orders_split_off",
            ),
        ),
        drop_like_index("orders_order"),
        drop_like_index("orders_order", "tracking_hash"),
        drop_like_index("orders_fulfillmentorder"),
    ]
