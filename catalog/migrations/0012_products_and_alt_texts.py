"""Photos in order within a product, covers, alt texts, and groups of near-duplicates."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models

TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON catalog_productevent
FOR EACH ROW EXECUTE FUNCTION vitrine_refuse_change()
"""


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0011_attributes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AltText',
            fields=[
                ('image', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='own_alt_text', serialize=False, to='catalog.image')),
                ('text', models.CharField(max_length=250)),
                ('edited_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='ComparedPhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
        ),
        migrations.CreateModel(
            name='DuplicateGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(help_text="The grouping's when it was made.")),
                ('size', models.PositiveIntegerField()),
                ('is_ignored', models.BooleanField(default=False, help_text='Somebody said that it is fine.')),
            ],
            options={
                'ordering': ['-size', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='DuplicateLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cosine', models.FloatField(help_text='Of their vectors.')),
                ('bits', models.PositiveSmallIntegerField(blank=True, help_text='Of 256 in which their hashes differ; none: not hashed.', null=True)),
            ],
        ),
        migrations.CreateModel(
            name='DuplicateMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
        ),
        migrations.CreateModel(
            name='Grouping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=0, help_text='Grows when the groups change.')),
                ('is_stale', models.BooleanField(default=False, help_text='Links were found that the groups do not show yet.')),
                ('grouped_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='IgnoredDuplicates',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('image_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name_plural': 'ignored duplicates',
                'ordering': ['-at'],
            },
        ),
        migrations.CreateModel(
            name='ProductEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('edited', 'Edited'), ('cover', 'Cover chosen'), ('ordered', 'Photos put in order'), ('photo_in', 'Photo came'), ('photo_out', 'Photo went')], max_length=20)),
                ('summary', models.CharField(help_text='The sentence people read.', max_length=300)),
                ('data', models.JSONField(blank=True, default=dict)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
        migrations.AddField(
            model_name='image',
            name='position',
            field=models.PositiveIntegerField(blank=True, help_text="Its place among its product's photos, from 0.", null=True),
        ),
        migrations.AddField(
            model_name='product',
            name='cover',
            field=models.ForeignKey(blank=True, help_text='The photo that stands for it; empty for the first in order.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.image'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(fields=['-created_at', '-id'], name='product_recent'),
        ),
        migrations.AddField(
            model_name='alttext',
            name='edited_by',
            field=models.ForeignKey(blank=True, help_text='None where the storefront wrote it over the API.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='comparedphoto',
            name='image',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.image'),
        ),
        migrations.AddField(
            model_name='duplicatelink',
            name='left',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.image'),
        ),
        migrations.AddField(
            model_name='duplicatelink',
            name='right',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.image'),
        ),
        migrations.AddField(
            model_name='duplicatemember',
            name='group',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='catalog.duplicategroup'),
        ),
        migrations.AddField(
            model_name='duplicatemember',
            name='image',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='duplicate_members', to='catalog.image'),
        ),
        migrations.AddField(
            model_name='duplicategroup',
            name='images',
            field=models.ManyToManyField(related_name='+', through='catalog.DuplicateMember', to='catalog.image'),
        ),
        migrations.AddField(
            model_name='grouping',
            name='encoder',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.encoder'),
        ),
        migrations.AddField(
            model_name='grouping',
            name='storefront',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='groupings', to='catalog.storefront'),
        ),
        migrations.AddField(
            model_name='duplicatelink',
            name='grouping',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='catalog.grouping'),
        ),
        migrations.AddField(
            model_name='duplicategroup',
            name='grouping',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='groups', to='catalog.grouping'),
        ),
        migrations.AddField(
            model_name='comparedphoto',
            name='grouping',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='compared', to='catalog.grouping'),
        ),
        migrations.AddField(
            model_name='ignoredduplicates',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ignoredduplicates',
            name='storefront',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.storefront'),
        ),
        migrations.AddField(
            model_name='productevent',
            name='actor',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='productevent',
            name='product',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='catalog.product'),
        ),
        migrations.AddConstraint(
            model_name='alttext',
            constraint=models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='alt_text_says_something'),
        ),
        migrations.AddConstraint(
            model_name='duplicatemember',
            constraint=models.UniqueConstraint(fields=('group', 'image'), name='member_once_per_group'),
        ),
        migrations.AddConstraint(
            model_name='grouping',
            constraint=models.UniqueConstraint(fields=('storefront', 'encoder'), name='one_grouping_per_storefront_and_encoder'),
        ),
        migrations.AddConstraint(
            model_name='duplicatelink',
            constraint=models.UniqueConstraint(fields=('grouping', 'left', 'right'), name='linked_once'),
        ),
        migrations.AddConstraint(
            model_name='duplicatelink',
            constraint=models.CheckConstraint(condition=models.Q(('left__lt', models.F('right'))), name='link_has_one_direction'),
        ),
        migrations.AddIndex(
            model_name='duplicategroup',
            index=models.Index(fields=['grouping', '-size', 'id'], name='group_largest_first'),
        ),
        migrations.AddConstraint(
            model_name='comparedphoto',
            constraint=models.UniqueConstraint(fields=('grouping', 'image'), name='photo_compared_once'),
        ),
        migrations.AddIndex(
            model_name='productevent',
            index=models.Index(fields=['product', 'at'], name='product_event_at'),
        ),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER append_only ON catalog_productevent"),
    ]
