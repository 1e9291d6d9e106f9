"""A storefront may choose which policies are in force."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0013_keys_with_scopes_and_sandboxes"),
        ("moderation", "0005_history_is_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name='StorefrontPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('policy', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='in_force_in', to='moderation.policy')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='policies_in_force', to='catalog.storefront')),
            ],
            options={
                'verbose_name_plural': 'storefront policies',
                'constraints': [models.UniqueConstraint(fields=('storefront', 'policy'), name='policy_once_per_storefront')],
            },
        ),
    ]
