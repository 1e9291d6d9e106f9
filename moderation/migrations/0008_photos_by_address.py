from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("moderation", "0007_what_the_api_erases"),
    ]

    operations = [
        migrations.AlterField(
            model_name="appeal",
            name="source",
            field=models.CharField(
                choices=[
                    ("api", "API"),
                    ("staff", "Staff upload"),
                    ("admin", "Admin"),
                    ("command", "Command line"),
                    ("address", "Fetched"),
                ],
                max_length=10,
            ),
        ),
    ]
