"""Where a report is about: in voice nothing of what was said is kept."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0004_longer_texts")]

    operations = [
        migrations.AddField(
            model_name="report",
            name="where",
            field=models.CharField(
                blank=True, choices=[("voice", "Voice")], db_default="", default="", max_length=8
            ),
        ),
        migrations.RemoveConstraint(model_name="report", name="report_once"),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")),
                fields=("reporter", "person_id", "message_id", "where"),
                name="report_once",
            ),
        ),
    ]
