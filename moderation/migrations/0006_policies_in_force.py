"""A storefront may choose which policies are in force; decisions of a sandbox, kept apart."""

import django.db.models.deletion
import django.utils.timezone
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
        migrations.CreateModel(
            name='TrialDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(choices=[('approve', 'Approve'), ('remove', 'Remove')], max_length=10)),
                ('decided_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='trial_decisions', to='catalog.image')),
                ('policy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='moderation.policy')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='TrialAppeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(max_length=2000)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='trial_appeals', to='catalog.image')),
                ('outcome', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='settles', to='moderation.trialdecision')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('outcome__isnull', True)), fields=('image',), name='one_open_trial_appeal_per_image')],
            },
        ),
    ]
