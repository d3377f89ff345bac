
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0007_catalog_guards'),
    ]

    operations = [
        migrations.AddField(
            model_name='drift',
            name='superseded_at',
            field=models.DateTimeField(null=True, verbose_name='superseded'),
        ),
    ]
