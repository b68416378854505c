"""When operators were last told by mail that reports wait."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0005_report_where")]

    operations = [
        migrations.CreateModel(
            name="ReportMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sent", models.DateTimeField(null=True)),
                ("newest", models.BigIntegerField(default=0)),
            ],
            options={"default_permissions": ()},
        ),
    ]
