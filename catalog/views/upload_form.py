"""What is said once about all files of an upload."""

from django import forms

from catalog.models import Storefront

NO_STOREFRONT = "Choose the storefront these photos belong to."


class Batch(forms.Form):
    storefront = forms.ModelChoiceField(
        Storefront.objects.live().filter(is_active=True),
        to_field_name="slug",
        error_messages=dict.fromkeys(("required", "invalid_choice"), NO_STOREFRONT),
    )
    sku = forms.CharField(required=False, max_length=120)


def problems_of(form: forms.Form) -> list[str]:
    """What is wrong with it, in sentences."""
    return [str(error) for errors in form.errors.values() for error in errors]
