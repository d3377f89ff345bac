from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0005_hot_paths")]
    operations = [
        migrations.AddField(
            model_name="backorder",
            name="ships_on",
            field=models.DateField(null=True, verbose_name="preorder ships"),
        ),
    ]
