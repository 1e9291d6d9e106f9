"""Keys: scopes, expiry, rotation. Storefronts: sandboxes, limits, turns, and what was done to them."""

import catalog.models.storefront
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0012_products_and_alt_texts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='StorefrontEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('created', 'Storefront made'), ('changed', 'Settings changed'), ('key_made', 'Key made'), ('key_rotated', 'Key rotated'), ('key_revoked', 'Key revoked')], max_length=20)),
                ('summary', models.CharField(help_text='The sentence people read.', max_length=300)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['-at', '-id'],
            },
        ),
        migrations.AddField(
            model_name='apikey',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='apikey',
            name='expires_at',
            field=models.DateTimeField(blank=True, help_text='Refused from then on. Empty: it does not expire.', null=True),
        ),
        migrations.AddField(
            model_name='apikey',
            name='replaces',
            field=models.OneToOneField(blank=True, help_text='The key it was made to follow.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='catalog.apikey'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='scopes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('images:read', 'See photos, products and verdicts'), ('images:write', 'Send, change and erase photos and products'), ('search', 'Search'), ('appeals', 'Appeal against removals'), ('webhooks', 'Manage webhooks')], max_length=20), default=catalog.models.storefront.every_scope, help_text='What it may do.', size=None),
        ),
        migrations.AddField(
            model_name='storefront',
            name='key_points_per_minute',
            field=models.PositiveIntegerField(blank=True, help_text='What each key may ask. Empty: as the settings say.', null=True),
        ),
        migrations.AddField(
            model_name='storefront',
            name='points_per_minute',
            field=models.PositiveIntegerField(blank=True, help_text='What all of its keys together may ask of the API. Empty: as the settings say. 0: no limit.', null=True),
        ),
        migrations.AddField(
            model_name='storefront',
            name='publish_before_review',
            field=models.BooleanField(default=False, help_text='Photos that wait for a moderator are live meanwhile. Every photo is screened first in any case.'),
        ),
        migrations.AddField(
            model_name='storefront',
            name='sandbox_of',
            field=models.OneToOneField(blank=True, editable=False, help_text='The storefront whose engineers try things out here. Nobody reviews its photos.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sandbox', to='catalog.storefront'),
        ),
        migrations.AddField(
            model_name='storefront',
            name='served_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='When a worker last took photos of it: the longest ago is next.', null=True),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['storefront', 'created_at', 'id'], name='image_awaiting_in_shop'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('scopes', []), _negated=True), name='api_key_may_do_something'),
        ),
        migrations.AddConstraint(
            model_name='storefront',
            constraint=models.CheckConstraint(condition=models.Q(('sandbox_of', models.F('id')), _negated=True), name='storefront_is_not_its_own_sandbox'),
        ),
        migrations.AddField(
            model_name='storefrontevent',
            name='actor',
            field=models.ForeignKey(blank=True, help_text='Empty: from the command line.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='storefrontevent',
            name='key',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='catalog.apikey'),
        ),
        migrations.AddField(
            model_name='storefrontevent',
            name='storefront',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='catalog.storefront'),
        ),
        migrations.AddIndex(
            model_name='storefrontevent',
            index=models.Index(fields=['storefront', '-at'], name='shop_event_recent'),
        ),
        migrations.RunSQL(
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON catalog_storefrontevent "
            "FOR EACH ROW EXECUTE FUNCTION vitrine_refuse_change()",
            "DROP TRIGGER append_only ON catalog_storefrontevent",
        ),
    ]
