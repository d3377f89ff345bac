
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0005_hot_paths'),
    ]

    operations = [
        migrations.AddField(
            model_name='drift',
            name='superseded_at',
            field=models.DateTimeField(null=True, verbose_name='superseded'),
        ),
    ]
