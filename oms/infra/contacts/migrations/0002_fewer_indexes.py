import django.db.models.deletion
from django.db import migrations, models

from oms.core.migrating import drop_like_index


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0001_tables"),
    ]

    operations = [
        migrations.AlterField(
            model_name="contact",
            name="subject",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="contacts",
                to="contacts.subject",
            ),
        ),
        drop_like_index("contacts_contact"),
        drop_like_index("contacts_subject"),
    ]
