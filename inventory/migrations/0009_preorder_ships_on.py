from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0008_drift_superseded")]
    operations = [
        migrations.AddField(
            model_name="backorder",
            name="ships_on",
            field=models.DateField(null=True, verbose_name="preorder ships"),
        ),
    ]
