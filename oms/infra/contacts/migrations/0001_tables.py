import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import oms.core.migrating
import oms.core.models


class Migration(migrations.Migration):
    replaces = [("contacts", "0001_initial"), ("contacts", "0002_written_addresses")]

    initial = True

    dependencies = [
        ("accounts", "0001_tables"),
    ]

    operations = [
        oms.core.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="Subject",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                default=oms.core.models._clock_now, editable=False
                            ),
                        ),
                        (
                            "public_id",
                            oms.core.models.PublicIdField(
                                editable=False, max_length=40, prefix="sub", unique=True
                            ),
                        ),
                        (
                            "wrapped_key",
                            models.BinaryField(
                                help_text="The subject's key, itself encrypted.", null=True
                            ),
                        ),
                        ("key_version", models.PositiveSmallIntegerField(default=1)),
                        ("erased_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Contact",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                default=oms.core.models._clock_now, editable=False
                            ),
                        ),
                        (
                            "public_id",
                            oms.core.models.PublicIdField(
                                editable=False, max_length=40, prefix="con", unique=True
                            ),
                        ),
                        (
                            "ciphertext",
                            models.BinaryField(
                                help_text="Name, company, phones, mails, street, postcode."
                            ),
                        ),
                        ("fingerprint", models.CharField(max_length=64)),
                        ("email_hash", models.CharField(blank=True, max_length=64)),
                        ("phone_hash", models.CharField(blank=True, max_length=64)),
                        ("address_hash", models.CharField(blank=True, default="", max_length=32)),
                        (
                            "name_hashes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=32), default=list, size=None
                            ),
                        ),
                        ("country", models.CharField(max_length=2)),
                        ("region", models.CharField(blank=True, max_length=60)),
                        ("city", models.CharField(blank=True, max_length=120)),
                        ("postcode_district", models.CharField(blank=True, max_length=3)),
                        ("latitude", models.FloatField(null=True)),
                        ("longitude", models.FloatField(null=True)),
                        (
                            "subject",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="contacts",
                                to="contacts.subject",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("email_hash", ""), _negated=True),
                                fields=["email_hash", "id"],
                                name="contacts_mail_newest",
                            ),
                            models.Index(
                                condition=models.Q(("phone_hash", ""), _negated=True),
                                fields=["phone_hash", "id"],
                                name="contacts_phone_newest",
                            ),
                            models.Index(
                                condition=models.Q(("address_hash", ""), _negated=True),
                                fields=["address_hash", "id"],
                                name="contacts_street_newest",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                fields=["name_hashes"], name="contacts_names"
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("subject", "fingerprint"), name="contacts_one_per_content"
                            )
                        ],
                    },
                ),
            ],
        ),
    ]
