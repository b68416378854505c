"""Room for names and words of 24 and 500 characters as people count them: of many code points."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0003_reporter")]

    operations = [
        migrations.AlterField(
            model_name="report",
            name="name",
            field=models.CharField(blank=True, max_length=240),
        ),
        migrations.AlterField(
            model_name="report",
            name="words",
            field=models.CharField(blank=True, max_length=2000),
        ),
    ]
