"""Availability asks which of the variants may be oversold anywhere: a hundred variants at fifty nodes
were five thousand rows, read to find none."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0003_stock_core'),
        ('inventory', '0011_category_rules'),
        ('nodes', '0003_stock_core'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='stockposition',
            index=models.Index(condition=models.Q(('oversell_limit__gt', 0)), fields=['variant'], name='inventory_may_oversell'),
        ),
    ]
