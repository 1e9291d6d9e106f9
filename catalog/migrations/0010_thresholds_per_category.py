"""Tags say how sure each level of their path is; thresholds are learned, category by category."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0009_photos_are_tagged_again'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ThresholdSwitch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('follows', models.BooleanField(default=True)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('changed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('taxonomy', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='threshold_switch', to='catalog.taxonomy')),
            ],
            options={
                'verbose_name_plural': 'threshold switches',
            },
        ),
        migrations.AddField(
            model_name='tag',
            name='levels',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), blank=True, default=list, help_text='Probability at each level of its path, the root first and itself last.', size=None),
        ),
        migrations.CreateModel(
            name='ThresholdSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(help_text='Counts up within a taxonomy and encoder.')),
                ('digest', models.CharField(help_text='Over the verdicts, what the photos scored, and the method.', max_length=64)),
                ('precision', models.FloatField(help_text="The share of a category's tags that should be right.")),
                ('base', models.FloatField(help_text='The threshold where there are no verdicts, 0 to 1.')),
                ('photos', models.PositiveIntegerField(help_text='Judged photos it was learned from.')),
                ('is_active', models.BooleanField(default=False)),
                ('built_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('encoder', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='threshold_sets', to='catalog.encoder')),
                ('taxonomy', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='threshold_sets', to='catalog.taxonomy')),
            ],
            options={
                'ordering': ['-version'],
            },
        ),
        migrations.CreateModel(
            name='CategoryThreshold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('threshold', models.FloatField(help_text='The probability a tag has to reach, 0 to 1.')),
                ('right', models.PositiveIntegerField()),
                ('wrong', models.PositiveIntegerField()),
                ('category', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.category')),
                ('set', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='thresholds', to='catalog.thresholdset')),
            ],
        ),
        migrations.AddField(
            model_name='tag',
            name='threshold_set',
            field=models.ForeignKey(blank=True, help_text='The learned thresholds that were in force; none for the one of the settings.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.thresholdset'),
        ),
        migrations.AddConstraint(
            model_name='thresholdset',
            constraint=models.UniqueConstraint(fields=('taxonomy', 'encoder', 'version'), name='threshold_set_version_once'),
        ),
        migrations.AddConstraint(
            model_name='thresholdset',
            constraint=models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('taxonomy', 'encoder'), name='one_active_threshold_set'),
        ),
        migrations.AddConstraint(
            model_name='thresholdset',
            constraint=models.CheckConstraint(condition=models.Q(('base__gte', 0), ('base__lte', 1), ('precision__gt', 0), ('precision__lte', 1)), name='threshold_set_holds_shares'),
        ),
        migrations.AddConstraint(
            model_name='categorythreshold',
            constraint=models.UniqueConstraint(fields=('set', 'category'), name='one_threshold_per_set_and_category'),
        ),
        migrations.AddConstraint(
            model_name='categorythreshold',
            constraint=models.CheckConstraint(condition=models.Q(('threshold__gte', 0), ('threshold__lte', 1)), name='threshold_is_a_probability'),
        ),
    ]
