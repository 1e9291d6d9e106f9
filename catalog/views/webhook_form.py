"""The form of a webhook."""

from typing import Any

from django import forms

from catalog.addresses import MAX_URL
from catalog.endpoints import SUBSCRIBABLE
from catalog.models import WebhookEndpoint


class WebhookForm(forms.Form):
    """An address and what it is told of; nothing ticked means everything."""

    url = forms.CharField(
        max_length=MAX_URL,
        error_messages={"required": "Say where to send to, such as https://shop.example/hooks."},
    )
    description = forms.CharField(required=False, max_length=200)
    kinds = forms.MultipleChoiceField(
        required=False, choices=[(kind.value, kind.label) for kind in SUBSCRIBABLE]
    )

    def wanted(self) -> dict[str, Any]:
        """As the verbs take it."""
        return dict(self.cleaned_data)

    @staticmethod
    def initial_of(endpoint: WebhookEndpoint) -> dict[str, Any]:
        return {
            "url": endpoint.url,
            "description": endpoint.description,
            "kinds": endpoint.kinds,
        }


def problems_of(form: WebhookForm, refusal: str) -> list[str]:
    """Every problem as a sentence."""
    errors = form.errors.values() if form.is_bound else []
    return [str(error) for each in errors for error in each] + ([refusal] if refusal else [])
